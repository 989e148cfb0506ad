internal import Synchronization

/// What an `EventBatch` holds: one value, so that a call on the batch is one access to it.
///
/// Arrays of numbers and runs of bytes, without an object an event.
package struct BatchContents: ~Copyable {
  /// One event: numbers only, so that the loops over a batch count no references.
  package struct Item: BitwiseCopyable {
    package var aggregate: UInt32
    package var type: UInt32
    package var payloadCount: UInt32
    /// The row of `extras`, or -1.
    package var extras: Int32
    package var time: Int64
  }

  /// One aggregate of the batch.
  package struct Aggregate: BitwiseCopyable {
    package var hash: KeyHash
    package var idOffset: UInt32
    package var idCount: UInt32
    package var eventCount: UInt32
    package var expectation: Expectation
    package var version: UInt64
  }

  /// `ExpectedVersion` without payload.
  package enum Expectation: UInt8, BitwiseCopyable {
    case any, absent, exists, exactly
  }

  /// The optional parts of one event.
  package struct Extras: BitwiseCopyable {
    package var id: EventID?
    package var firstTag: Int32
    package var tagCount: Int32
    package var metadataOffset: Int32
    package var metadataCount: Int32
  }

  /// One use of a tag.
  package struct Tag: BitwiseCopyable {
    package var offset: UInt32
    package var count: UInt32
  }

  /// The time of an event that takes the clock's.
  package static let timeUnset = Int64.min

  let limits: BatchLimits
  // Never looked at: a value that holds an atomic one has an address for life, and is lent by it.
  // Without that each loan was a copy of the whole, 392 bytes, five times an append.
  private let pin = Atomic<UInt8>(0)
  private(set) var items: [Item] = []
  /// Whether a version of any aggregate is demanded.
  private(set) var hasExpectations = false
  private(set) var aggregates: [Aggregate] = []
  private(set) var extras: [Extras] = []
  private(set) var tags: [Tag] = []
  private(set) var types = BatchTypes()
  var ids = ByteBuffer(capacity: 256)
  var payloads = ByteBuffer(capacity: 4096)
  /// Tags and metadata.
  var texts = ByteBuffer(capacity: 64)
  // What `prepare` works out before the writer's lock is taken.
  private(set) var tagHashes: [KeyHash] = []
  private(set) var keyHash: KeyHash?
  private(set) var digest = KeyHash(high: 0, low: 0)
  private(set) var typeNumbers: [UInt32] = []
  /// The table that `typeNumbers` are of.
  private var typesOwner: UInt64 = 0
  private var scratch = ByteBuffer(capacity: 64)
  /// An upper bound of what the rows take in a frame, beside names, payloads and texts.
  private var rowBytesMax = Self.frameBytesMax
  /// What the aggregates' hashes were made with: the key of the log that took the last append, so
  /// that a batch used again is hashed once.
  ///
  /// Before that a fixed key: the hash then only finds candidates within the batch.
  private var hasher = KeyHasher(StoreID(high: 0x616e, low: 0x6e61))
  private var rows = RowTable()

  /// Appends are refused if an event of this query stands after this position.
  var condition: AppendCondition?
  /// The idempotency key, 1 to 64 bytes.
  var key: [UInt8]? {
    didSet { keyBytesMax = key == nil ? 0 : Self.keyBytesMax }
  }
  /// An upper bound of what the key takes in a frame: to look at the key counts a reference.
  private var keyBytesMax = 0

  /// An empty batch whose payloads and total size obey `limits`.
  init(limits: BatchLimits) {
    self.limits = limits
  }

  /// The number of events.
  var count: Int { items.count }

  /// Whether it is one event without tags, id, metadata and key, and names no other aggregate.
  var isLone: Bool {
    items.count == 1 && aggregates.count == 1 && extras.isEmpty && keyBytesMax == 0
  }

  /// Empties the batch and keeps its memory.
  mutating func removeAll() {
    // What is empty already is not touched: emptying costs a call each.
    items.empty()
    aggregates.empty()
    extras.empty()
    tags.empty()
    ids.removeAll()
    payloads.removeAll()
    texts.removeAll()
    rowBytesMax = Self.frameBytesMax
    tagHashes.empty()
    keyHash = nil
    hasExpectations = false
    rows.removeAll()
    if condition != nil { condition = nil }
    if key != nil { key = nil }
  }

  /// Adds an event to aggregate `aggregate`.
  ///
  /// - Throws: `.limitExceeded` or `.invalidName`; the batch is then as it was before.
  mutating func add(
    _ type: String,
    to aggregate: Span<UInt8>,
    payload: Span<UInt8>,
    time: Timestamp? = nil,
    extrasBytesMax: Int = 0
  ) throws(LogError) {
    // It is copied last: what is not at hand comes while the names are looked for.
    payload.prefetch()
    guard payload.count <= limits.payloadBytesMax else {
      throw .limitExceeded(
        LimitExceeded(.payloadBytes, value: payload.count, maximum: limits.payloadBytesMax)
      )
    }
    // Before anything is noted: what is refused leaves no aggregate behind that has no event.
    try checkSize(adding: payload.count + aggregate.count + extrasBytesMax)
    let typeRow = try types.row(of: type)
    let row = try aggregateRow(aggregate)
    items.append(
      Item(
        aggregate: UInt32(row),
        type: UInt32(typeRow),
        payloadCount: UInt32(payload.count),
        extras: -1,
        time: time?.microseconds ?? Self.timeUnset
      )
    )
    rowBytesMax += Self.eventBytesMax
    aggregates[row].eventCount += 1
    payloads.append(payload)
  }

  /// Adds an event to aggregate `aggregate`.
  ///
  /// - Throws: `.limitExceeded` or `.invalidName`; the batch is then as it was before.
  mutating func add(_ event: NewEvent, to aggregate: AggregateID) throws(LogError) {
    let extrasBytesMax = try checkExtras(event)
    try add(
      event.type,
      to: aggregate.text.utf8Span.span,
      payload: event.payload.span,
      time: event.time,
      extrasBytesMax: extrasBytesMax
    )
    if event.id == nil, event.tags.isEmpty, event.metadata.isEmpty { return }
    let firstTag = tags.count
    for tag in event.tags {
      tags.append(Tag(offset: UInt32(texts.count), count: UInt32(tag.utf8.count)))
      texts.append(tag.utf8Span.span)
    }
    rowBytesMax += event.tags.count * Self.tagBytesMax + Self.extrasRowBytesMax
    let metadataOffset = texts.count
    event.metadata.encode(into: &texts)
    items[items.count - 1].extras = Int32(extras.count)
    extras.append(
      Extras(
        id: event.id,
        firstTag: Int32(firstTag),
        tagCount: Int32(tags.count - firstTag),
        metadataOffset: Int32(metadataOffset),
        metadataCount: Int32(texts.count - metadataOffset)
      )
    )
  }

  /// Demands a version of an aggregate, whether or not the batch has events of it.
  mutating func expect(_ expected: ExpectedVersion, of aggregate: Span<UInt8>) throws(LogError) {
    let row = try aggregateRow(aggregate)
    hasExpectations = true
    switch expected {
    case .any: aggregates[row].expectation = .any
    case .absent: aggregates[row].expectation = .absent
    case .exists: aggregates[row].expectation = .exists
    case .exactly(let version):
      aggregates[row].expectation = .exactly
      aggregates[row].version = version.rawValue
    }
  }
}

// MARK: Finding rows

extension BatchContents {
  /// The row of `aggregate`, made if it is new.
  private mutating func aggregateRow(_ aggregate: Span<UInt8>) throws(LogError) -> Int {
    // The common cases without hashing: the aggregate of the event before, or one of a few.
    let rows = aggregates.count
    if rows > 0, isRow(rows - 1, aggregate) { return rows - 1 }
    if rows <= 8 {
      for row in 0..<rows where isRow(row, aggregate) { return row }
      return try addAggregate(aggregate, hasher.hash(aggregate, .aggregate))
    }
    while self.rows.count < rows {
      let row = self.rows.count
      self.rows.insert(row, aggregates[row].hash) { aggregates[$0].hash }
    }
    let hash = hasher.hash(aggregate, .aggregate)
    var search = self.rows.search(hash)
    while let row = self.rows.next(&search) {
      if aggregates[row].hash == hash, isRow(row, aggregate) { return row }
    }
    let row = try addAggregate(aggregate, hash)
    self.rows.insert(row, hash) { aggregates[$0].hash }
    return row
  }

  private mutating func addAggregate(
    _ aggregate: Span<UInt8>,
    _ hash: KeyHash
  ) throws(LogError) -> Int {
    try Self.checkName(
      aggregate,
      .aggregate,
      maximum: Limits.aggregateIDBytesMax,
      .aggregateIDBytes
    )
    aggregates.append(
      Aggregate(
        hash: hash,
        idOffset: UInt32(ids.count),
        idCount: UInt32(aggregate.count),
        eventCount: 0,
        expectation: .any,
        version: 0
      )
    )
    ids.append(aggregate)
    rowBytesMax += Self.aggregateBytesMax
    return aggregates.count - 1
  }

  @inline(__always)
  private func isRow(_ row: Int, _ aggregate: Span<UInt8>) -> Bool {
    let range = idRange(row)
    if range.count != aggregate.count { return false }
    return ids.equals(aggregate, in: range)
  }

  func idRange(_ row: Int) -> Range<Int> {
    let start = Int(aggregates[row].idOffset)
    return start..<start + Int(aggregates[row].idCount)
  }

  /// The id of row `row` as text.
  func idText(_ row: Int) -> String {
    ids.text(idRange(row))
  }

  /// What the batch demands of the aggregate in row `row`.
  func expectation(_ row: Int) -> ExpectedVersion {
    switch aggregates[row].expectation {
    case .any: .any
    case .absent: .absent
    case .exists: .exists
    case .exactly: .exactly(Version(aggregates[row].version))
    }
  }

  /// Works out hashes and digest; done before any lock is taken.
  mutating func prepare(_ hasher: KeyHasher) throws(LogError) {
    if self.hasher != hasher {
      self.hasher = hasher
      for row in aggregates.indices {
        aggregates[row].hash = ids.hash(idRange(row), .aggregate, hasher)
      }
      rows.removeAll()
    }
    tagHashes.empty()
    for tag in tags {
      let range = Int(tag.offset)..<Int(tag.offset + tag.count)
      tagHashes.append(texts.hash(range, .tag, hasher))
    }
    keyHash = nil
    if let key {
      guard !key.isEmpty else { throw .invalidName(InvalidName(.key, .empty)) }
      guard key.count <= Limits.keyBytesMax else {
        throw .limitExceeded(
          LimitExceeded(.keyBytes, value: key.count, maximum: Limits.keyBytesMax)
        )
      }
      keyHash = hasher.hash(key.span, .key)
      digest = makeDigest(hasher)
    }
  }

  /// Whether all its types have their numbers in the table `id`.
  func isNumbered(in id: UInt64) -> Bool {
    typesOwner == id && typeNumbers.count == types.names.count
  }

  /// Gives all its types their numbers in `types`.
  mutating func number(in types: TypeTable) throws(LogError) {
    if typesOwner != types.id { typeNumbers.removeAll(keepingCapacity: true) }
    typesOwner = types.id
    while typeNumbers.count < self.types.names.count {
      guard types.count < Limits.typesMax else {
        throw .limitExceeded(
          LimitExceeded(.types, value: types.count + 1, maximum: Limits.typesMax)
        )
      }
      typeNumbers.append(UInt32(types.insert(self.types.names[typeNumbers.count])))
    }
  }

  /// The digest of what makes two appends the same: aggregates, types, payloads, tags, ids and
  /// metadata; not times, not expectations.
  private mutating func makeDigest(_ hasher: KeyHasher) -> KeyHash {
    scratch.removeAll()
    for item in items {
      let row = Int(item.aggregate)
      scratch.appendVarint(UInt64(aggregates[row].idCount))
      scratch.append(ids, idRange(row))
      let type = types.names[Int(item.type)]
      scratch.appendVarint(UInt64(type.utf8.count))
      scratch.append(type.utf8Span.span)
      scratch.appendVarint(UInt64(item.payloadCount))
      if item.extras < 0 {
        scratch.append(UInt8(0))
        continue
      }
      let extras = extras[Int(item.extras)]
      scratch.append(UInt8(extras.id == nil ? 1 : 2))
      scratch.append(extras.id?.low ?? 0)
      scratch.append(extras.id?.high ?? 0)
      scratch.appendVarint(UInt64(extras.tagCount))
      for tag in tags[Int(extras.firstTag)..<Int(extras.firstTag + extras.tagCount)] {
        scratch.appendVarint(UInt64(tag.count))
        scratch.append(texts, Int(tag.offset)..<Int(tag.offset + tag.count))
      }
      let start = Int(extras.metadataOffset)
      scratch.appendVarint(UInt64(extras.metadataCount))
      scratch.append(texts, start..<start + Int(extras.metadataCount))
    }
    let facts = scratch.hash(0..<scratch.count, .key, hasher)
    let contents = payloads.hash(0..<payloads.count, .key, hasher)
    scratch.removeAll()
    for word in [facts.low, facts.high, contents.low, contents.high] { scratch.append(word) }
    return scratch.hash(0..<scratch.count, .key, hasher)
  }
}

// MARK: Checks

extension BatchContents {
  @inline(__always)
  private func checkSize(adding bytes: Int) throws(LogError) {
    let size = encodedBytesMax + bytes + 64
    guard size <= limits.appendBytesMax else {
      throw .limitExceeded(
        LimitExceeded(.appendBytes, value: size, maximum: limits.appendBytesMax)
      )
    }
    guard items.count < Limits.segmentEventsMax else {
      throw .limitExceeded(
        LimitExceeded(.appendEvents, value: items.count + 1, maximum: Limits.segmentEventsMax)
      )
    }
  }

  /// An upper bound of the bytes the batch takes in a frame.
  var encodedBytesMax: Int {
    payloads.count + ids.count + texts.count + rowBytesMax + keyBytesMax
  }

  // The same of a frame without events, and of each row beside names, payloads and texts.
  private static let frameBytesMax = 160
  private static let eventBytesMax = 40
  private static let aggregateBytesMax = 12
  private static let tagBytesMax = 8
  private static let extrasRowBytesMax = 32
  private static let keyBytesMax = 128

  /// Checks what an event carries beside its payload; an upper bound of the bytes that takes.
  private func checkExtras(_ event: NewEvent) throws(LogError) -> Int {
    guard event.tags.count <= Limits.tagCountMax else {
      throw .limitExceeded(
        LimitExceeded(.tagCount, value: event.tags.count, maximum: Limits.tagCountMax)
      )
    }
    for tag in event.tags {
      try Self.checkName(tag.utf8Span.span, .tag, maximum: Limits.tagBytesMax, .tagBytes)
    }
    let metadata = event.metadata.pairs.reduce(0) {
      $0 + $1.name.utf8.count + $1.value.utf8.count + 20
    }
    guard metadata <= Limits.metadataBytesMax else {
      throw .limitExceeded(
        LimitExceeded(.metadataBytes, value: metadata, maximum: Limits.metadataBytesMax)
      )
    }
    let tags = event.tags.reduce(0) { $0 + $1.utf8.count + 8 }
    return tags + metadata + 32
  }

  /// Checks length, NUL and UTF-8 of a name.
  static func checkName(
    _ name: Span<UInt8>,
    _ subject: InvalidName.Subject,
    maximum: Int,
    _ limit: LimitExceeded.Limit
  ) throws(LogError) {
    guard name.count > 0 else { throw .invalidName(InvalidName(subject, .empty)) }
    guard name.count <= maximum else {
      throw .limitExceeded(LimitExceeded(limit, value: name.count, maximum: maximum))
    }
    if name.isASCIIWithoutZero { return }
    if name.containsZero { throw .invalidName(InvalidName(subject, .containsNUL)) }
    guard name.isUTF8 else { throw .invalidName(InvalidName(subject, .notUTF8)) }
  }
}
