/// How a log is opened.
public struct LogOptions: Sendable {
  // MARK: What is allowed

  /// Whether the log may be written.
  ///
  /// The default is `.readWrite`, which takes the store's lock.
  public var access: Access = .readWrite
  /// Whether a store is made where there is none.
  ///
  /// The default is true; only with `.readWrite`.
  public var createsStore = true
  /// Which events readers see by default.
  ///
  /// The default is `.durable`.
  public var visibility: Durability = .durable

  // MARK: Limits

  /// The limits of appends.
  public var limits = BatchLimits()

  // MARK: Durability

  /// How long a `.written` append waits at most for the store's own sync, in milliseconds, if no
  /// durable append syncs it earlier; 0 leaves it to the others.
  ///
  /// The default is 200.
  public var writtenSyncMilliseconds = 200

  // MARK: Performance

  /// Whether a `.written` append of one event may return once the event is in the staging file, and
  /// become part of the log's frames later, many events at once: several times faster.
  ///
  /// Such an event survives `kill -9` as any other. Readers of this process see it at once; those
  /// in other processes when it is framed, at most `writtenSyncMilliseconds` later. Without that
  /// interval nothing is staged, nor where the file system may not have the room it promised (copy
  /// on write). The default is true.
  public var stagesWrittenEvents = true

  /// The size of a segment file, in bytes; larger where one append needs it.
  ///
  /// The default is 64 MiB. More than `Limits.segmentBytesMax` counts as that.
  public var segmentBytes = 64 << 20
  /// The size of a store's first segment; each next one is four times larger, up to
  /// `segmentBytes`.
  ///
  /// The default is 1 MiB.
  public var firstSegmentBytes = 1 << 20
  /// How space is made ahead of durable appends.
  ///
  /// The default is `.zeroAhead(256 << 10)`.
  public var preallocation: Preallocation = .zeroAhead(256 << 10)
  /// How many keys of sealed segments stay in memory for faster appends.
  ///
  /// The default is 1,000,000,
  /// which take at most 57 MB.
  public var indexKeysMax = 1_000_000
  /// Whether new snapshots are compressed.
  ///
  /// The default is true. Uncompressed ones take more of the disk and less of the processor; either
  /// kind can be read whatever this says.
  public var compressesSnapshots = true
  /// Whether the log compacts itself now and then, on a thread of its own; nil, the default, for
  /// never.
  ///
  /// Only with `.readWrite`.
  public var automaticCompaction: AutomaticCompaction?
  /// Whether footers, checkpoints and the next segment are made by a thread of the log's own, off
  /// the path of appends.
  ///
  /// The default is true; without it appends do it, which tests need.
  package var hasMaintenanceThread = true
  /// Whether events are staged although no thread ever frames them, which tests need.
  package var stagesWithoutThread = false
  /// How much durable data of the segment in writing may lack an index on the disk.
  package var interimFooterBytes = 8 << 20
  /// At which size the next file of the snapshots' log is begun.
  package var snapshotFileBytes = 64 << 20
  /// From which size on the newest of these files is rewritten if more than half of it is dead.
  package var snapshotRewriteBytesMin = 1 << 20
  /// The seam to the operating system.
  package var fileSystem: any FileSystem = SystemFileSystem.shared
  /// The clock, in microseconds since 1970.
  package var clock: @Sendable () -> Int64 = { SystemClock.microseconds() }

  /// Told of seals and failures, perhaps with locks held: must not call the log.
  package var observe: (@Sendable (LogOccurrence) -> Void)?

  /// The defaults.
  public init() {}

  /// The options as they are obeyed: sizes no smaller and no larger than a segment may be.
  var obeyed: LogOptions {
    var options = self
    options.segmentBytes = min(max(segmentBytes, HeaderBlock.byteCount), Limits.segmentBytesMax)
    options.firstSegmentBytes = min(firstSegmentBytes, Limits.segmentBytesMax)
    if case .zeroAhead(let count) = preallocation {
      options.preallocation = .zeroAhead(min(max(0, count), Limits.segmentBytesMax))
    }
    return options
  }

  /// Whether events may be staged: only where they become visible to everybody by themselves.
  var allowsStaging: Bool {
    let isFramedInTime = hasMaintenanceThread && writtenSyncMilliseconds > 0
    return stagesWrittenEvents && (isFramedInTime || stagesWithoutThread)
  }

  /// What a log may be opened for.
  public enum Access: Sendable {
    /// Reading, beside a writer or without one; changes nothing.
    case readOnly
    /// Reading and writing, as the only writer.
    case readWrite
  }

  /// How space is made for frames before they are written.
  public enum Preallocation: Hashable, Sendable {
    /// A segment's blocks are reserved when it is made.
    case reserve
    /// Also, zeros are written this many bytes ahead of durable appends, so that most syncs need
    /// not journal the file's metadata: more commits a second for twice the bytes written.
    case zeroAhead(Int)
  }
}
