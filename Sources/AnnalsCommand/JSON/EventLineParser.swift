internal import AnnalsLog

/// Walks the members of one line and gathers an event.
struct EventLineParser: ~Escapable {
  private var scanner: JSONScanner
  private var seen: UInt16 = 0
  private var aggregate = ""
  private var type = ""
  private var time: Timestamp?
  private var data: [UInt8] = []
  private var id: UniqueID?
  private var tags: [String] = []
  private var metadata: [MetadataPair] = []

  @_lifetime(copy line)
  init(_ line: Span<UInt8>) {
    scanner = JSONScanner(line)
  }

  /// Reads the whole line.
  mutating func event() throws(EventLineError) -> EventLine {
    let kind = try nextKind()
    guard kind == .object else { throw refusal(.notAnObject(kind)) }
    if try json({ (scanner) throws(JSONError) in try scanner.enterObject() }) {
      repeat { try member() } while try nextMember()
    }
    let end = scanner.offset
    try json { (scanner) throws(JSONError) in try scanner.end() }
    for key in [EventLine.Key.aggregate, .type, .data] where seen & key.rawValue == 0 {
      throw EventLineError(.missingKey(key), column: end)
    }
    return EventLine(
      aggregate: aggregate,
      type: type,
      time: time,
      data: data,
      id: id,
      tags: tags,
      metadata: metadata
    )
  }

  private mutating func member() throws(EventLineError) {
    let (name, column) = try key()
    guard let key = EventLine.Key(name: name) else {
      throw EventLineError(.unknownKey(name), column: column)
    }
    guard seen & key.rawValue == 0 else {
      throw EventLineError(.duplicateKey(name), column: column)
    }
    seen |= key.rawValue
    switch key {
    case .aggregate: aggregate = try string(key)
    case .type: type = try string(key)
    case .time: try readTime()
    case .data: try readData()
    case .id: try readID()
    case .tags: try readTags()
    case .metadata: try readMetadata()
    case .position, .version: _ = try json { (scanner) throws(JSONError) in try scanner.value() }
    }
  }

  private mutating func readTime() throws(EventLineError) {
    let column = scanner.offset + 1
    let text = try string(.time)
    do { time = try Timestamp(parsing: text) } catch {
      throw EventLineError(.time(error), column: column)
    }
  }

  private mutating func readData() throws(EventLineError) {
    let value = try json { (scanner) throws(JSONError) in try scanner.value() }
    if value.kind == .object,
      let content = PayloadForm.binaryContent(of: scanner.bytes.extracting(value.range))
    {
      data = content
    } else {
      data = JSONText.compacted(value, in: scanner.bytes)
    }
  }

  private mutating func readID() throws(EventLineError) {
    let column = scanner.offset + 1
    guard let parsed = UniqueID(parsing: try string(.id)) else {
      throw EventLineError(.id, column: column)
    }
    id = parsed
  }

  private mutating func readTags() throws(EventLineError) {
    try expect(.array, of: .tags)
    guard try json({ (scanner) throws(JSONError) in try scanner.enterArray() }) else { return }
    repeat {
      tags.append(try string(.tags))
    } while try json { (scanner) throws(JSONError) in try scanner.nextElement() }
  }

  private mutating func readMetadata() throws(EventLineError) {
    try expect(.object, of: .metadata)
    guard try json({ (scanner) throws(JSONError) in try scanner.enterObject() }) else { return }
    // Bytes: two names that only Unicode holds for equal are two names.
    var names: Set<[UInt8]> = []
    repeat {
      let (name, column) = try key()
      guard names.insert(Array(name.utf8)).inserted else {
        throw EventLineError(.duplicateKey(name), column: column)
      }
      metadata.append(MetadataPair(name, try string(.metadata)))
    } while try nextMember()
  }

  /// A member's key and the column it stands at; the cursor moves to the value.
  private mutating func key() throws(EventLineError) -> (name: String, column: Int) {
    try json { (scanner) throws(JSONError) in try scanner.nextString() }
    let column = scanner.offset + 1
    return (try json { (scanner) throws(JSONError) in try scanner.key() }, column)
  }

  /// The string at the cursor, which belongs to `key`.
  private mutating func string(_ key: EventLine.Key) throws(EventLineError) -> String {
    try expect(.string, of: key)
    return try json { (scanner) throws(JSONError) in try scanner.string() }
  }

  private mutating func expect(
    _ expected: JSONScanner.Kind,
    of key: EventLine.Key
  ) throws(EventLineError) {
    let found = try nextKind()
    guard found == expected else {
      throw refusal(.wrongKind(key, expected: expected, found: found))
    }
  }

  private mutating func nextKind() throws(EventLineError) -> JSONScanner.Kind {
    try json { (scanner) throws(JSONError) in try scanner.nextKind() }
  }

  private mutating func nextMember() throws(EventLineError) -> Bool {
    try json { (scanner) throws(JSONError) in try scanner.nextMember() }
  }

  private func refusal(_ reason: EventLineError.Reason) -> EventLineError {
    EventLineError(reason, column: scanner.offset + 1)
  }

  /// Moves the scanner, and tells its errors as this parser's.
  private mutating func json<Result>(
    _ body: (inout JSONScanner) throws(JSONError) -> Result
  ) throws(EventLineError) -> Result {
    do { return try body(&scanner) } catch {
      throw EventLineError(.json(error.reason), column: error.column)
    }
  }
}
