/// The content of a control frame of retention: one rule about what readers see from then on.
///
/// Specified in `Format.md`, section "Control frame".
package struct RetentionRecord: Equatable, Sendable {
  /// What the rule does.
  package enum Kind: UInt8, Sendable {
    /// All earlier events of the subject are hidden; a later append begins it again.
    case delete = 1
    /// The subject is no longer deleted; what was hidden stays so.
    case reopen = 2
    /// As `delete`, and nothing is appended any more.
    case tombstone = 3
    /// Events of lower versions are hidden.
    case truncate = 4
    /// Only so many of the newest events are seen.
    case keepCount = 5
    /// Only events of a certain age are seen.
    case keepAge = 6
    /// One event's payload reads as empty.
    case redact = 7
    /// One event is hidden.
    case skip = 8
  }

  /// What the rule is about.
  package enum Scope: UInt8, Sendable {
    case aggregate = 0
    case category = 1
    case event = 2
  }

  package var kind: Kind
  package var scope: Scope
  /// When the rule was made, in microseconds.
  package var time: Int64
  package var value: UInt64
  package var name: [UInt8]
  package var reason: [UInt8]

  package init(
    _ kind: Kind,
    _ scope: Scope,
    time: Int64,
    value: UInt64,
    name: [UInt8],
    reason: [UInt8]
  ) {
    self.kind = kind
    self.scope = scope
    self.time = time
    self.value = value
    self.name = name
    self.reason = reason
  }

  /// Whether the format knows the rule for the scope.
  private var isKnown: Bool {
    switch kind {
    case .delete, .reopen, .tombstone, .keepCount, .keepAge: scope != .event
    case .truncate: scope == .aggregate
    case .redact, .skip: scope == .event
    }
  }

  /// Appends the content of a frame.
  package func encode(baseTime: Int64, into buffer: inout ByteBuffer) {
    buffer.append(kind.rawValue)
    buffer.append(scope.rawValue)
    buffer.appendZigzag(time &- baseTime)
    encodeRest(into: &buffer)
  }

  private func encodeRest(into buffer: inout ByteBuffer) {
    buffer.appendVarint(value)
    buffer.appendVarint(UInt64(name.count))
    buffer.append(name.span)
    buffer.appendVarint(UInt64(reason.count))
    buffer.append(reason.span)
  }

  /// Reads the content of a frame; nil where it is none this build knows.
  package static func decode(_ bytes: Span<UInt8>, baseTime: Int64) -> RetentionRecord? {
    var reader = ByteReader(bytes)
    guard let kind = reader.read(UInt8.self).flatMap({ Kind(rawValue: $0) }),
      let scope = reader.read(UInt8.self).flatMap({ Scope(rawValue: $0) }),
      let time = reader.readZigzag(),
      let record = decodeRest(&reader, bytes, kind, scope, time: baseTime &+ time),
      reader.remaining == 0
    else { return nil }
    return record
  }

  private static func decodeRest(
    _ reader: inout ByteReader,
    _ bytes: Span<UInt8>,
    _ kind: Kind,
    _ scope: Scope,
    time: Int64
  ) -> RetentionRecord? {
    guard let value = reader.readVarint(), value <= UInt64(Int64.max),
      let nameCount = reader.readCount(maximum: Limits.aggregateIDBytesMax), nameCount > 0,
      let name = reader.skip(nameCount),
      let reasonCount = reader.readCount(maximum: Limits.reasonBytesMax),
      let reason = reader.skip(reasonCount)
    else { return nil }
    let record = RetentionRecord(
      kind,
      scope,
      time: time,
      value: value,
      name: bytes.extracting(name).array,
      reason: bytes.extracting(reason).array
    )
    return record.isKnown ? record : nil
  }
}

/// A rule and where it stands.
package struct PlacedRetention: Equatable, Sendable {
  /// The number of the record.
  package var number: UInt64
  /// The position that the next event took.
  package var nextPosition: UInt64
  package var record: RetentionRecord

  package init(number: UInt64, nextPosition: UInt64, _ record: RetentionRecord) {
    self.number = number
    self.nextPosition = nextPosition
    self.record = record
  }

  /// Appends the entry of a retention file.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.appendVarint(number)
    buffer.appendVarint(nextPosition)
    record.encode(baseTime: 0, into: &buffer)
  }
}

/// A file with the rules up to a record, so that opening need not look for their frames.
///
/// Specified in `Format.md`, section "Retention file".
package struct RetentionFile: Equatable, Sendable {
  package var storeID: StoreID
  package var historyID: StoreID
  package var record: UInt64
  package var rules: [PlacedRetention]

  package init(
    storeID: StoreID,
    historyID: StoreID,
    record: UInt64,
    rules: [PlacedRetention]
  ) {
    self.storeID = storeID
    self.historyID = historyID
    self.record = record
    self.rules = rules
  }

  /// Appends the header block's fields.
  package func encodeHeader(byteCount: Int, into buffer: inout ByteBuffer) {
    FileHeader(.retention, storeID: storeID).encode(into: &buffer)
    buffer.appendZeros(CheckedPages.fields - buffer.count)
    buffer.append(historyID.low)
    buffer.append(historyID.high)
    buffer.append(record)
    buffer.append(UInt64(rules.count))
    buffer.append(UInt64(byteCount))
  }

  /// The whole file.
  package func encoded() -> ByteBuffer {
    var body = ByteBuffer(capacity: 64 * rules.count + 4096)
    for rule in rules { rule.encode(into: &body) }
    var header = ByteBuffer(capacity: 128)
    encodeHeader(byteCount: body.count, into: &header)
    var file = ByteBuffer(capacity: body.count + body.count / 512 + 16 << 10)
    CheckedPages.finish(header: header, body: &body, into: &file)
    return file
  }

  /// Reads a whole file.
  package static func decode(
    _ mapping: Mapping,
    storeID: StoreID,
    name: String
  ) throws(LogError) -> RetentionFile {
    let file = try CheckedFile(mapping, .retention, storeID: storeID, name: name)
    let damaged = LogError.corrupt(Corruption(file: name, offset: 0, .malformed(.retention)))
    var fields = ByteReader(file.header, at: CheckedPages.fields)
    guard let low = fields.read(UInt64.self), let high = fields.read(UInt64.self),
      let record = fields.read(UInt64.self), let count = fields.read(UInt64.self),
      let byteCount = fields.read(UInt64.self), byteCount <= UInt64(file.byteCount),
      count <= byteCount, record <= Limits.ordinalMax
    else { throw damaged }
    try file.check(0..<file.byteCount)
    let body = file.body.extracting(0..<Int(byteCount))
    var reader = ByteReader(body)
    var rules: [PlacedRetention] = []
    for _ in 0..<count {
      guard let rule = PlacedRetention.read(&reader, body), rule.number > rules.last?.number ?? 0,
        rule.number <= record
      else { throw damaged }
      rules.append(rule)
    }
    guard reader.remaining == 0 else { throw damaged }
    return RetentionFile(
      storeID: storeID,
      historyID: StoreID(high: high, low: low),
      record: record,
      rules: rules
    )
  }
}

extension PlacedRetention {
  /// Reads an entry of a retention file.
  package static func read(_ reader: inout ByteReader, _ body: Span<UInt8>) -> PlacedRetention? {
    guard let number = reader.readVarint(), number <= Limits.ordinalMax,
      let next = reader.readVarint(), next >= 1, next <= Limits.ordinalMax + 1,
      let record = RetentionRecord.read(&reader, body)
    else { return nil }
    return PlacedRetention(number: number, nextPosition: next, record)
  }
}

extension RetentionRecord {
  /// Reads an entry of a retention file.
  fileprivate static func read(
    _ reader: inout ByteReader,
    _ body: Span<UInt8>
  ) -> RetentionRecord? {
    guard let kind = reader.read(UInt8.self).flatMap({ Kind(rawValue: $0) }),
      let scope = reader.read(UInt8.self).flatMap({ Scope(rawValue: $0) }),
      let time = reader.readZigzag()
    else { return nil }
    return decodeRest(&reader, body, kind, scope, time: time)
  }
}
