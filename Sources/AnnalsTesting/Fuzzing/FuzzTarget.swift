/// What hostile bytes are fed to, by libFuzzer and by a test that runs what that has found.
///
/// Any bytes are an input. What must not happen ends the process: a trap of the engine, or a
/// `preconditionFailure` here where an answer is wrong.
@_spi(Fuzzing) public enum FuzzTarget: String, CaseIterable, Sendable {
  /// One frame: its header, columns, extras, keys, and what control frames hold.
  case frame
  /// A store whose only segment holds the bytes behind its header: opening, reading, verifying,
  /// appending.
  case segment
  /// Footers and index checkpoints: every table.
  case index
  /// Manifest, segment list, types, rules of retention, catalog, consumers, staging.
  case layout
  /// Snapshot frames, files, indexes and dictionaries; compressed blocks.
  case snapshot
  /// Payloads: CBOR and JSON.
  case payload
  /// Operations on a log, crashes among them, held against a list.
  case operations

  /// Feeds it `bytes`.
  public func run(_ bytes: [UInt8]) {
    switch self {
    case .frame: FuzzFrames.run(bytes)
    case .segment: FuzzSegment.run(bytes)
    case .index: FuzzFiles.runIndex(bytes)
    case .layout: FuzzFiles.runLayout(bytes)
    case .snapshot: FuzzSnapshots.run(bytes)
    case .payload: FuzzPayloads.run(bytes)
    case .operations: FuzzOperations.run(bytes)
    }
  }

  /// Makes the checksums of `bytes` fit, so that what stands behind them is reached.
  ///
  /// Files get theirs when the input is laid out; frames of a segment here.
  public func mend(_ bytes: inout [UInt8]) {
    if self == .segment { FuzzSegment.mend(&bytes) }
  }

  /// Inputs to begin with.
  public var seeds: [[UInt8]] {
    switch self {
    case .segment: FuzzSegment.seeds
    case .frame: FuzzSegment.seeds.flatMap { FuzzFrames.seeds($0) }
    case .payload: FuzzPayloads.seeds
    case .snapshot: FuzzSnapshots.seeds
    case .index, .layout: (0..<16).map { [UInt8($0)] + [UInt8](repeating: 1, count: 300) }
    case .operations: [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]]
    }
  }
}
