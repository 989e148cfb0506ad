package import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A whole disk in memory that can lose power, die with its process, fill up and fail.
///
/// Deterministic: no clock, no thread, no random number that a seed does not give. Safe to share
/// between threads; one lock guards everything. Crashing makes a *new* disk; handles of the old one
/// go on working on the old one.
package final class SimulatedFileSystem: FileSystem {
  private let state: Guarded<DiskState>
  private let observer = Guarded<(@Sendable (Operation) -> Void)?>(nil)

  /// Creates an empty disk with room for `capacity` bytes; nil for no limit.
  package convenience init(capacity: Int? = nil) {
    var state = DiskState()
    state.capacity = capacity
    self.init(state)
  }

  /// Creates a disk in a given state.
  init(_ state: DiskState) {
    self.state = Guarded(state)
  }

  package func openDirectory(_ path: String, create: Bool) throws(LogError) -> any LogDirectory {
    let names = path.split(separator: "/").map(String.init).filter { $0 != "." }
    var directory = SimulatedDirectory(self, DiskState.root, path: "/", prefix: "")
    for (index, name) in names.enumerated() {
      let isLast = index == names.count - 1
      directory = try directory.child(name, create: create && isLast)
    }
    return SimulatedDirectory(self, directory.index, path: path, prefix: "")
  }

  package func absolutePath(_ path: String) -> String { path.hasPrefix("/") ? path : "/" + path }

  package func bootIdentifier() -> String {
    "boot-\(state.withLock { $0.boot })"
  }

  // MARK: - Faults and space

  /// Changes or looks at what fails on this disk.
  package func withFaults<Result: Sendable>(_ body: (inout FaultPlan) -> Result) -> Result {
    state.withLock { body(&$0.faults) }
  }

  /// Has `body` called before every call, by whoever makes it; nil to end that.
  ///
  /// With it a test can hold one thread in the middle of its work.
  package func observe(_ body: (@Sendable (Operation) -> Void)?) {
    observer.withLock { $0 = body }
  }

  private func tell(_ operation: Operation) {
    observer.withLock { $0 }?(operation)
  }

  /// Whether a planned stop was reached: the process using this disk counts as dead.
  package var isStopped: Bool { state.withLock { $0.faults.isStopped } }

  /// How many bytes there is room for; nil for no limit.
  ///
  /// May change at any time.
  package var capacity: Int? {
    get { state.withLock { $0.capacity } }
    set { state.withLock { $0.capacity = newValue } }
  }

  /// Whether files can share their blocks (`clone`); false at first.
  ///
  /// The room that sharing saves is not modelled: a clone takes as much as a copy.
  package var canClone: Bool {
    get { state.withLock { $0.canClone } }
    set { state.withLock { $0.canClone = newValue } }
  }

  /// What the names and the files they lead to take up.
  package var usedByteCount: Int { state.withLock { $0.usedByteCount } }

  // MARK: - Deaths

  /// The disk as the next process finds it when this one is killed: all that was written, though
  /// nothing more of it durable, and all locks free.
  package func killed() -> SimulatedFileSystem {
    SimulatedFileSystem(state.withLock { $0.killed() })
  }

  /// All that a power cut at this moment can leave.
  package func powerCut(
    sectorByteCount: Int = 512,
    names: PowerCut.NameLoss = .anySubset
  ) -> PowerCut {
    PowerCut(
      state.withLock { $0.powerless() },
      sectorByteCount: sectorByteCount,
      names: names
    )
  }

  /// The disk as one power cut at this moment leaves it.
  package func crash(
    choosing choice: CrashChoice,
    sectorByteCount: Int = 512
  ) -> SimulatedFileSystem {
    powerCut(sectorByteCount: sectorByteCount).image(choice)
  }

  // MARK: - Calls

  /// Makes one call: counts it, lets it fail if that is planned, and performs it otherwise.
  func perform<Result: Sendable>(
    _ operation: Operation,
    _ body: (inout DiskState) throws(Refusal) -> Result
  ) throws(LogError) -> Result {
    tell(operation)
    do throws(Refusal) {
      return try state.withLock { (state) throws(Refusal) in
        switch state.faults.admit(operation) {
        case .perform: return try body(&state)
        case .refuse(let errno): throw Refusal(errno)
        case .performAndRefuse(let errno, _):
          _ = try body(&state)
          throw Refusal(errno)
        }
      }
    } catch {
      throw error.logError(operation)
    }
  }

  /// Writes; a planned fault may let only the first bytes through.
  func write(_ bytes: [UInt8], at offset: Int, to file: Int, _ name: String) throws(LogError) {
    let operation = Operation(.write, name, offset: offset, count: bytes.count)
    tell(operation)
    let failure = state.withLock { (state) -> Refusal? in
      var accepted = bytes
      var failure: Refusal?
      switch state.faults.admit(operation) {
      case .perform: break
      case .refuse(let errno): return Refusal(errno)
      case .performAndRefuse(let errno, let byteCount):
        accepted = [UInt8](bytes.prefix(byteCount))
        failure = Refusal(errno)
      }
      let isComplete = state.write(accepted, at: offset, to: file)
      return isComplete ? failure : failure ?? Refusal(ENOSPC)
    }
    if let failure { throw failure.logError(operation) }
  }

  /// Syncs a file; a failing sync loses what was pending.
  func sync(_ file: Int, _ name: String) throws(LogError) {
    let operation = Operation(.sync, name)
    tell(operation)
    let failure = state.withLock { (state) -> Refusal? in
      let wasStopped = state.faults.isStopped
      switch state.faults.admit(operation) {
      case .perform:
        state.files[file].sync()
        return nil
      case .refuse(let errno):
        // A process that died before the call asked the disk for nothing.
        if !wasStopped && !state.faults.isStopped { state.files[file].failSync() }
        return Refusal(errno)
      case .performAndRefuse(let errno, _):
        state.files[file].sync()
        return Refusal(errno)
      }
    }
    if let failure { throw failure.logError(operation) }
  }

  /// Does something that is no call of the process and can not fail.
  func withState<Result: Sendable>(_ body: (inout DiskState) -> Result) -> Result {
    state.withLock { body(&$0) }
  }
}

/// Why a call is not performed, before it is known on which file.
struct Refusal: Error {
  /// The reason, as the system gives it.
  let errno: CInt

  /// Creates a refusal.
  init(_ errno: CInt) {
    self.errno = errno
  }

  /// The refusal as the seam reports it.
  func logError(_ operation: Operation) -> LogError {
    SystemError(operation.kind.systemCall, file: operation.file, errno: errno).asLogError
  }
}
