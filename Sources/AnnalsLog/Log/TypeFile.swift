/// The file `types`: the names of event types, each durable before a frame uses its number.
///
/// Specified in `Format.md`, section "Types file".
package struct TypeFile: Sendable {
  private let file: any LogFile
  private var end: Int
  /// The number of names in the file.
  package private(set) var count: Int

  /// The bytes of one record.
  package static func record(_ number: Int, _ name: String, into buffer: inout ByteBuffer) {
    let start = buffer.count
    buffer.append(UInt32(0))
    buffer.append(UInt16(name.utf8.count))
    buffer.append(name.utf8Span.span)
    let sum = CRC32C.checksum(
      buffer.bytes.extracting(start + 4..<buffer.count),
      continuing: UInt32(number)
    )
    buffer.store(sum, at: start)
  }

  /// The names in `bytes`, the offset behind the last whole record, and whether all of the rest is
  /// zero or absent.
  package static func decode(
    _ bytes: Span<UInt8>,
    storeID: StoreID
  ) throws(LogError) -> (names: [String], end: Int, isWhole: Bool) {
    guard bytes.count >= HeaderBlock.byteCount else {
      throw .truncatedFile(
        file: StoreFile.types,
        expected: UInt64(HeaderBlock.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let header = try HeaderBlock.header(
      bytes.extracting(0..<HeaderBlock.byteCount),
      .types,
      file: StoreFile.types
    )
    guard header.storeID == storeID else {
      throw .corrupt(Corruption(file: StoreFile.types, offset: 0, .identity))
    }
    var names: [String] = []
    var reader = ByteReader(bytes, at: HeaderBlock.byteCount)
    while true {
      let start = reader.offset
      guard let sum = reader.read(UInt32.self), let length = reader.read(UInt16.self),
        length >= 1, length <= Limits.typeBytesMax, let range = reader.skip(Int(length)),
        CRC32C.checksum(
          bytes.extracting(start + 4..<reader.offset),
          continuing: UInt32(names.count + 1)
        ) == sum
      else { return (names, start, bytes.isZero(start..<bytes.count)) }
      names.append(bytes.extracting(range).text)
    }
  }

  /// A whole file that holds `names`.
  package static func encode(_ names: [String], storeID: StoreID) -> ByteBuffer {
    var buffer = ByteBuffer(capacity: 8192)
    FileHeader(.types, storeID: storeID).encode(into: &buffer)
    HeaderBlock.finish(&buffer, from: 0)
    for (index, name) in names.enumerated() { record(index + 1, name, into: &buffer) }
    return buffer
  }

  /// Goes on writing `file`, which holds `count` names in its first `end` bytes.
  package init(_ file: any LogFile, end: Int, count: Int) {
    self.file = file
    self.end = end
    self.count = count
  }

  /// Makes all names of `table` durable.
  package mutating func append(_ names: ArraySlice<String>) throws(LogError) {
    if names.isEmpty { return }
    var buffer = ByteBuffer(capacity: 1024)
    for index in names.indices { Self.record(index + 1, names[index], into: &buffer) }
    try file.write(buffer.bytes, at: end)
    try file.sync()
    end += buffer.count
    count += names.count
  }
}
