import Annals
import Testing

@Suite struct PayloadReaderTests {
  @Test func whatIsWrittenByHandIsRead() throws {
    var writer = PayloadWriter()
    writer.beginMap(8)
    writer.write("int")
    writer.write(-5)
    writer.write("big")
    writer.write(UInt64.max)
    writer.write("double")
    writer.write(1.5)
    writer.write("bool")
    writer.write(true)
    writer.write("text")
    writer.write("ß")
    writer.write("bytes")
    writer.write([1, 2, 3].span)
    writer.write("nil")
    let isComplete = writer.isComplete
    #expect(!isComplete)
    writer.writeNil()
    writer.write("list")
    writer.beginArray(2)
    writer.write(1)
    let isStillOpen = !writer.isComplete
    writer.write(2)
    let isWhole = writer.isComplete
    #expect(isStillOpen && isWhole)

    let bytes = writer.array()
    #expect(bytes[0] == 0xa8)
    var reader = try PayloadReader(bytes.span)
    #expect(try reader.beginMap() == 8)
    #expect(try !reader.readKey("other"))
    #expect(try reader.readKey("int"))
    #expect(try reader.readInt() == -5)
    try reader.skip()
    #expect(try reader.readUInt64() == UInt64.max)
    #expect(try reader.readText() == "double")
    #expect(try reader.readDouble() == 1.5)
    try reader.skip()
    #expect(try reader.readBool())
    try reader.skip()
    #expect(try reader.readText() == "ß")
    try reader.skip()
    let span = try reader.readBytes()
    #expect(span.count == 3 && span[2] == 3)
    try reader.skip()
    #expect(try reader.readNil())
    try reader.skip()
    #expect(try !reader.readNil())
    #expect(try reader.beginArray() == 2)
    #expect(try reader.readInt() == 1)
    let isEarly = reader.isAtEnd
    try reader.skip()
    let isAtEnd = reader.isAtEnd
    #expect(!isEarly && isAtEnd)
    try reader.finish()
  }

  @Test func byHandIsAsByCodable() throws {
    struct Moved: Codable, Equatable { var item = "SKU", from = 17, to = 230_411 }
    var writer = PayloadWriter()
    writer.beginMap(3)
    writer.write("item")
    writer.write("SKU")
    writer.write("from")
    writer.write(17)
    writer.write("to")
    writer.write(230_411)
    #expect(writer.array() == (try CBOREncoder().encode(Moved())))
    writer.removeAll()
    writer.write("SKU")
    #expect(writer.array() == (try CBOREncoder().encode("SKU")))
    #expect(try CBORDecoder().decode(String.self, from: writer.bytes) == "SKU")
  }

  @Test func errorsLeaveTheReaderWhereItStood() throws {
    let bytes = try CBOREncoder().encode(["text"])
    var reader = try PayloadReader(bytes.span)
    #expect(throws: CBORError(.otherKind, offset: 3)) { () throws in
      var reader = try PayloadReader(bytes.span)
      _ = try reader.readInt()
    }
    _ = try? reader.beginMap()
    _ = try? reader.readBool()
    #expect(try reader.beginArray() == 1)
    _ = try? reader.readDouble()
    _ = try? reader.readBytes()
    #expect(try reader.readText() == "text")
    #expect(throws: CBORError(.trailingBytes, offset: 3)) { () throws in
      try PayloadReader(bytes.span).finish()
    }
  }
}
