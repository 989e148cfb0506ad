/// What a named consumer has kept: how far it is, on which history, and its state.
package struct ConsumerRecord: Equatable, Sendable {
  /// What a consumer is; the log only keeps it.
  package enum Kind: UInt8, Sendable {
    case projection = 1
    case reactor = 2
    case cursor = 3
  }

  /// The last event the consumer has taken; 0 before the first.
  package var position: UInt64
  /// The history that event is part of.
  package var history: StoreID
  /// The digest of that event, see `EventLog.eventDigest(at:)`; anything at position 0.
  package var eventDigest: KeyHash
  /// The fingerprint of the state's shape; the log only keeps it.
  package var fingerprint: UInt64
  /// What the consumer is.
  package var kind: UInt8
  /// The state that goes with the position.
  package var state: [UInt8]

  package init(
    position: UInt64,
    history: StoreID,
    eventDigest: KeyHash,
    fingerprint: UInt64,
    kind: UInt8,
    state: [UInt8]
  ) {
    self.position = position
    self.history = history
    self.eventDigest = eventDigest
    self.fingerprint = fingerprint
    self.kind = kind
    self.state = state
  }
}

/// What is known of a consumer without reading its state.
package struct ConsumerSummary: Equatable, Sendable {
  package var name: String
  package var position: UInt64
  package var history: StoreID
  package var fingerprint: UInt64
  package var kind: UInt8
  /// The bytes of the state before compression.
  package var stateBytes: Int
  /// The bytes its files take.
  package var storedBytes: Int
  /// How many of its two slots have a header that does not verify.
  package var damagedCount: Int
}

/// How a consumer's record stands to a log.
package enum ConsumerStanding: Hashable, Sendable {
  /// The consumer may go on behind its position.
  case fits
  /// Its position is on a history that this log does not have: it must begin anew.
  case anotherHistory
  /// Its position is behind the last durable event.
  case beyondHead
}

extension EventLog {
  /// How `record` stands to this log: whether the event it stands on is the one that stands there.
  ///
  /// Costs the reading of one event.
  ///
  /// - Throws: what reading that event throws.
  package func standing(of record: ConsumerRecord) throws(LogError) -> ConsumerStanding {
    if record.position == 0 { return .fits }
    // A store that was restored or forked shares what stands up to the start of its history with
    // the one before; there the event's digest tells whether the record fits.
    let isShared = record.history != historyID
    guard !isShared || record.position <= core.historyStart else { return .anotherHistory }
    guard record.position <= core.durableThrough else { return .beyondHead }
    // An event that retention hides or took the payload from cannot be compared, nor one that was
    // hidden when the record was made: the history, if it is this one, says that it was this event.
    guard record.eventDigest != KeyHash(high: 0, low: 0),
      let digest = try eventDigest(at: Position(record.position))
    else { return isShared ? .anotherHistory : .fits }
    return digest == record.eventDigest ? .fits : .anotherHistory
  }
}
