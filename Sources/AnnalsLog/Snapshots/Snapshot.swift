/// The state of an aggregate at a version, as it was kept.
package struct Snapshot: Equatable, Sendable {
  package var version: UInt64
  /// The position of the event of that version.
  package var position: UInt64
  /// The fingerprint of the state's shape; the log only keeps it.
  package var fingerprint: UInt64
  package var state: [UInt8]

  package init(version: UInt64, position: UInt64, fingerprint: UInt64, state: [UInt8]) {
    self.version = version
    self.position = position
    self.fingerprint = fingerprint
    self.state = state
  }
}

/// What is known of a snapshot without its state.
package struct SnapshotSummary: Equatable, Sendable {
  package var aggregate: AggregateID
  package var version: UInt64
  package var position: UInt64
  package var history: StoreID
  package var fingerprint: UInt64
  /// The bytes of the state before compression.
  package var stateBytes: Int
  /// The bytes of the frame.
  package var storedBytes: Int
  /// Whether a dictionary is needed to read it.
  package var hasDictionary: Bool
}

/// Why a snapshot that was found is not used.
package enum SnapshotFlaw: Int, CaseIterable, Hashable, Sendable {
  /// It, its dictionary or the file it is in does not verify, or cannot be read.
  case damaged
  /// The event it stands on is not the one that stands there now, or is of another history.
  case anotherHistory
  /// The event it stands on is not in the log.
  case beyondHead
  /// The shape of the state has changed.
  case anotherShape
  /// A newer version wrote it.
  case unsupported
}

/// What a snapshot store has done since it was opened.
package struct SnapshotCounts: Equatable, Sendable {
  /// The snapshots kept.
  package var saved = 0
  /// Those that were there already, as new or newer.
  package var superseded = 0
  /// The bytes of the states kept, and of their frames.
  package var savedStateBytes = 0
  package var savedStoredBytes = 0
  /// The snapshots that were given out.
  package var loaded = 0
  /// The files rewritten because more than half of them was dead.
  package var rewritten = 0
  /// The dictionaries made.
  package var dictionaries = 0
  private var ignored = [Int](repeating: 0, count: SnapshotFlaw.allCases.count)

  package init() {}

  /// How many snapshots, or files of them, were ignored for a reason.
  package subscript(flaw: SnapshotFlaw) -> Int {
    get { ignored[flaw.rawValue] }
    set { ignored[flaw.rawValue] = newValue }
  }

  /// How many were ignored in all.
  package var ignoredCount: Int { ignored.reduce(0, +) }
}
