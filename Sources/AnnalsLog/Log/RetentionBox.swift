internal import Synchronization

/// The rules in force, replaced whole by each record, and the ledger of all records.
package final class RetentionBox: @unchecked Sendable {
  // Checked how: all but the atomics is touched only under `lock`.
  private let lock = Lock()
  private var rules = RetentionRules.none
  /// All records as a retention file holds them, so that one can be written at any time.
  private var ledger: [UInt8] = []
  private var ledgerCount = 0
  private let number = Atomic<UInt64>(0)
  private let hasher: KeyHasher
  /// Whether readers may hold the rules: not while a log is being opened.
  private var isShared = false
  private var draft = RetentionRules.Draft()

  package init(_ hasher: KeyHasher) {
    self.hasher = hasher
  }

  /// The number of the last record taken up; 0: there are no rules.
  package var record: UInt64 { number.load(ordering: .acquiring) }

  /// The number of the last record taken up, also while the log is being opened.
  package var lastTaken: UInt64 { lock.withLock { draft.record } }

  /// The rules in force; nil, at the cost of one load, if there are none.
  @inline(__always)
  package var current: RetentionRules? {
    if number.load(ordering: .acquiring) == 0 { return nil }
    return lock.withLock { rules }
  }

  /// Takes up the next rule; one that is known already is passed over.
  package func apply(_ placed: PlacedRetention) {
    lock.withLock {
      guard placed.number > draft.record else { return }
      draft.apply(placed, hasher, isShared: isShared)
      var entry = ByteBuffer(capacity: 64)
      placed.encode(into: &entry)
      ledger.append(contentsOf: entry.bytes.array)
      ledgerCount += 1
      if isShared { publish() }
    }
  }

  /// Shows the rules taken up while the log was being opened.
  package func share() {
    lock.withLock {
      isShared = true
      publish()
    }
  }

  private func publish() {
    rules = RetentionRules(draft)
    number.store(draft.record, ordering: .releasing)
  }

  /// A file with all records.
  package func file(storeID: StoreID, historyID: StoreID) -> RetentionFile {
    RetentionFile(storeID: storeID, historyID: historyID, record: record, rules: records)
  }

  /// All records, in their order.
  package var records: [PlacedRetention] {
    let (bytes, count) = lock.withLock { (ledger, ledgerCount) }
    var reader = ByteReader(bytes.span)
    var records: [PlacedRetention] = []
    for _ in 0..<count {
      guard let placed = PlacedRetention.read(&reader, bytes.span) else { return records }
      records.append(placed)
    }
    return records
  }

  /// The record of a number, if there is one.
  package func placed(_ number: UInt64) -> PlacedRetention? {
    let (bytes, count) = lock.withLock { (ledger, ledgerCount) }
    var reader = ByteReader(bytes.span)
    for _ in 0..<count {
      guard let placed = PlacedRetention.read(&reader, bytes.span) else { return nil }
      if placed.number == number { return placed }
    }
    return nil
  }
}
