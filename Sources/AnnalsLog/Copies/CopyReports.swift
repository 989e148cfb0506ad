/// How a backup is made.
public struct BackupOptions: Sendable {
  /// Whether sealed segments get a second name instead of a copy, where the file system allows it.
  ///
  /// The default is false. It costs no room and no time, but what damages the store's file, a bad
  /// disk for one, damages the backup's.
  public var links = false
  /// Whether nothing is written, and the report tells what would be.
  ///
  /// The default is false.
  public var isDryRun = false

  /// The defaults.
  public init() {}
}

/// What a backup did.
public struct BackupReport: Hashable, Sendable {
  /// The events in the backup.
  public var events: UInt64 = 0
  /// The bytes of the segments in the backup.
  public var bytes = 0
  /// The last position in the backup.
  public var lastPosition: Position = .start
  /// The segments in the backup.
  public var segments = 0
  /// The bytes that were copied this time; with a dry run those that would be.
  public var bytesCopied = 0
  /// The bytes that are shared with the store since this time.
  public var bytesShared = 0
  /// The last position of the backup that was carried on; nil if there was none.
  public var previousPosition: Position?
  /// The footers that were left out because they are damaged; they are made anew when needed.
  public var cachesLeftOut = 0

  /// An empty report.
  public init() {}
}

/// Up to where a copy goes.
public enum CopyEnd: Hashable, Sendable {
  /// Through this position, rounded down to a whole append.
  case position(Position)
  /// All positions before the first event whose time is later, rounded down to a whole append.
  case time(Timestamp)
}

/// What a restore or a fork did.
public struct CopyReport: Hashable, Sendable {
  /// The events in the copy.
  public var events: UInt64 = 0
  /// The bytes of the segments in the copy.
  public var bytes = 0
  /// The last position in the copy, where its own history begins.
  public var lastPosition: Position = .start
  /// The segments in the copy.
  public var segments = 0
  /// The bytes that were copied; with a dry run those that would be.
  public var bytesCopied = 0
  /// The bytes that are shared with the source.
  public var bytesShared = 0
  /// The position that was asked for, where it was not the end of an append.
  public var roundedFrom: Position?
  /// The footers that were left out because they are damaged; they are made anew when needed.
  public var cachesLeftOut = 0

  /// An empty report.
  public init() {}
}

/// How far a copy has come.
public struct CopyProgress: Sendable {
  /// The bytes done so far.
  public var bytesDone: Int
  /// The bytes there are.
  public var bytesTotal: Int
  /// The file that is being copied.
  public var file: String
}

/// Tells whoever wants to know how far a copy has come.
struct CopyProgressSink {
  private var state: CopyProgress
  private let body: (CopyProgress) -> Void

  init(total: Int, _ body: @escaping (CopyProgress) -> Void) {
    state = CopyProgress(bytesDone: 0, bytesTotal: total, file: "")
    self.body = body
  }

  mutating func advance(_ byteCount: Int, _ file: String) {
    state.bytesDone += byteCount
    state.file = file
    body(state)
  }

  /// Bytes that need not be looked at.
  mutating func skip(_ byteCount: Int) {
    state.bytesDone += byteCount
  }
}
