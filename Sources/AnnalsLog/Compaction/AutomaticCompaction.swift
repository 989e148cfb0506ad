/// When a log compacts itself.
public struct AutomaticCompaction: Hashable, Sendable {
  /// It begins when at least this part of the segments' bytes would go, from 0 to 1.
  ///
  /// The default is 0.3.
  public var garbage = 0.3
  /// At most so many bytes are written a second; nil for no limit.
  ///
  /// The default is 32 MiB.
  public var bytesPerSecond: Int? = 32 << 20
  /// How events are stored in the segments that are made; with `.compress`, what compression brings
  /// counts as garbage.
  ///
  /// The default is `.keep`. With another one a look tries a sample of each sealed segment that is
  /// not compressed.
  public var compression = CompactionOptions.Compression.keep
  /// The time of the day, in UTC, in which it may work; nil, the default, for all day.
  ///
  /// What is not finished when it ends goes on the next day.
  public var window: DayWindow?
  /// How long no event must have been appended before it begins, in milliseconds.
  ///
  /// The default is 0. Otherwise an append ends it until the log is idle again.
  public var idleMilliseconds = 0
  /// How often it looks whether there is something to do, in milliseconds.
  ///
  /// The default is 60,000. A look costs what `EventLog.planCompaction` costs; nothing without
  /// rules of retention.
  public var checkMilliseconds = 60_000

  /// The defaults.
  public init() {}

  /// A time of the day, every day; over midnight where it ends before it begins.
  public struct DayWindow: Hashable, Sendable {
    /// The minute of the day it begins with, from 0 to 1,439.
    public var firstMinute: Int
    /// The minute it ends before.
    public var endMinute: Int

    /// A window, by the minutes of the day in UTC.
    public init(fromMinute firstMinute: Int, toMinute endMinute: Int) {
      self.firstMinute = firstMinute
      self.endMinute = endMinute
    }

    /// Whether a time in microseconds since 1970 is in the window.
    package func contains(_ microseconds: Int64) -> Bool {
      let day: Int64 = 1440
      let minutes = (microseconds / 60_000_000 % day + day) % day
      let (first, end) = (Int64(firstMinute), Int64(endMinute))
      return first <= end ? minutes >= first && minutes < end : minutes >= first || minutes < end
    }
  }
}

/// The thread that compacts a log by itself.
final class AutomaticCompactor: @unchecked Sendable {
  // Checked how: `isStopping` and `thread` are touched only under `lock`, the rest that changes
  // only by the thread.
  private let core: LogCore
  private let compaction: Compaction
  private let settings: AutomaticCompaction
  private let lock = Lock()
  private let wake: Condition
  private var isStopping = false
  private var thread: Thread?
  /// The last position when it was last looked at, and since when it is that.
  private var lastSeen: UInt64 = 0
  private var seenSince: UInt64 = 0

  init(_ core: LogCore, _ compaction: Compaction, _ settings: AutomaticCompaction) {
    self.core = core
    self.compaction = compaction
    self.settings = settings
    wake = Condition(lock)
  }

  func start() throws(LogError) {
    let started = try Thread(name: "annals-compact") { [self] in work() }
    lock.withLock { thread = started }
  }

  /// Ends it, with all that is finished by then.
  func stop() {
    let running = lock.withLock { () -> Thread? in
      isStopping = true
      defer { thread = nil }
      return thread
    }
    wake.broadcast()
    running?.join()
  }

  private func work() {
    let check = SystemClock.nanoseconds(milliseconds: max(1, settings.checkMilliseconds))
    let idle = SystemClock.nanoseconds(milliseconds: settings.idleMilliseconds)
    // To know how long nothing was appended, it has to look more often than that.
    let tick = idle == 0 ? check : min(check, max(1_000_000, idle / 4))
    var checkedAt = SystemClock.monotonicNanoseconds()
    while pause(tick) {
      let now = SystemClock.monotonicNanoseconds()
      let written = core.writtenThrough
      if written != lastSeen { (lastSeen, seenSince) = (written, now) }
      guard now - checkedAt >= check || tick == check, idle == 0 || now - seenSince >= idle,
        isInWindow, core.retention.record > 0 || settings.compression != .keep
      else { continue }
      checkedAt = now
      compactIfWorthwhile(from: written)
    }
  }

  /// Waits; false once it is to end.
  private func pause(_ nanoseconds: UInt64) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    let due = SystemClock.monotonicNanoseconds() + nanoseconds
    while !isStopping {
      let now = SystemClock.monotonicNanoseconds()
      if now >= due { return true }
      _ = wake.wait(nanoseconds: due - now)
    }
    return false
  }

  private var isInWindow: Bool { settings.window?.contains(core.options.clock()) ?? true }

  private func compactIfWorthwhile(from written: UInt64) {
    var options = CompactionOptions()
    options.bytesPerSecond = settings.bytesPerSecond
    options.compression = settings.compression
    options.isCancelled = { [self] in
      lock.withLock { isStopping } || !isInWindow
        || settings.idleMilliseconds > 0 && core.writtenThrough != written
    }
    do throws(LogError) {
      let plan = try compaction.plan(options)
      guard plan.segmentsRewritten > 0, plan.garbage >= settings.garbage else { return }
      let report = try compaction.run(options)
      core.options.observe?(
        .compacted(bytesBefore: report.bytesBefore, bytesAfter: report.bytesAfter)
      )
    } catch {
      if case .closed = error { return }
      // It is tried again at the next look: nobody else is told.
      core.options.observe?(.compactionFailed(error))
    }
  }
}
