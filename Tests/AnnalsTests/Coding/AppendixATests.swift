import Annals
import Testing

/// The examples of RFC 8949, appendix A.
@Suite struct AppendixATests {
  private func item(_ hex: String) throws -> AnyItem {
    try CBORDecoder().decode(AnyItem.self, from: bytes(hex))
  }

  private func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var digits = hex[...]
    while !digits.isEmpty {
      bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
      digits = digits.dropFirst(2)
    }
    return bytes
  }

  /// What this encoder writes in the same way.
  static let same: [(String, AnyItem)] = [
    ("00", .int(0)), ("01", .int(1)), ("0a", .int(10)), ("17", .int(23)), ("1818", .int(24)),
    ("1819", .int(25)), ("1864", .int(100)), ("1903e8", .int(1000)),
    ("1a000f4240", .int(1_000_000)),
    ("1b000000e8d4a51000", .int(1_000_000_000_000)), ("1bffffffffffffffff", .large(.max)),
    ("20", .int(-1)), ("29", .int(-10)), ("3863", .int(-100)), ("3903e7", .int(-1000)),
    ("fb3ff199999999999a", .double(1.1)), ("fb7e37e43c8800759c", .double(1e300)),
    ("fbc010666666666666", .double(-4.1)), ("fb7ff0000000000000", .double(.infinity)),
    ("fbfff0000000000000", .double(-.infinity)), ("f4", .bool(false)), ("f5", .bool(true)),
    ("f6", .null), ("40", .bytes([])), ("4401020304", .bytes([1, 2, 3, 4])), ("60", .text("")),
    ("6161", .text("a")), ("6449455446", .text("IETF")), ("62225c", .text("\"\\")),
    ("62c3bc", .text("\u{fc}")), ("63e6b0b4", .text("\u{6c34}")),
    ("64f0908591", .text("\u{10151}")), ("80", .list([])),
    ("83010203", .list([.int(1), .int(2), .int(3)])),
    (
      "8301820203820405",
      .list([.int(1), .list([.int(2), .int(3)]), .list([.int(4), .int(5)])])
    ),
    (
      "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
      .list((1...25).map { .int($0) })
    ),
    ("a0", .map([:])),
    ("826161a161626163", .list([.text("a"), .map(["b": .text("c")])])),
  ]

  @Test(arguments: same)
  func whatBothWriteIsTheSame(hex: String, value: AnyItem) throws {
    #expect(try item(hex) == value)
    #expect(try item("d9d9f7" + hex) == value)
    let isMap = hex.hasPrefix("a")
    #expect(try CBOREncoder().encode(value) == bytes(isMap ? hex : "d9d9f7" + hex))
  }

  /// What others write, in another way or of another kind.
  static let read: [(String, AnyItem)] = [
    ("f90000", .double(0)), ("f98000", .double(-0.0)), ("f93c00", .double(1)),
    ("f93e00", .double(1.5)), ("f97bff", .double(65504)), ("fa47c35000", .double(100_000)),
    ("fa7f7fffff", .double(3.4028234663852886e+38)), ("f90001", .double(5.960464477539063e-8)),
    ("f90400", .double(0.00006103515625)), ("f9c400", .double(-4)),
    ("f97c00", .double(.infinity)), ("f9fc00", .double(-.infinity)),
    ("fa7f800000", .double(.infinity)), ("faff800000", .double(-.infinity)), ("f7", .null),
    (
      "c074323031332d30332d32315432303a30343a30305a", .text("2013-03-21T20:04:00Z")
    ),
    ("c11a514b67b0", .int(1_363_896_240)), ("c1fb41d452d9e2000000", .double(1_363_896_240.5)),
    ("c249010000000000000000", .bytes([1, 0, 0, 0, 0, 0, 0, 0, 0])),
    ("d74401020304", .bytes([1, 2, 3, 4])), ("d818456449455446", .bytes(Array("dIETF".utf8))),
    (
      "d82076687474703a2f2f7777772e6578616d706c652e636f6d", .text("http://www.example.com")
    ),
    ("a26161016162820203", .map(["a": .int(1), "b": .list([.int(2), .int(3)])])),
    (
      "a56161614161626142616361436164614461656145",
      .map(["a": .text("A"), "b": .text("B"), "c": .text("C"), "d": .text("D"), "e": .text("E")])
    ),
    // Keys that are no texts name no property.
    ("a201020304", .map([:])),
  ]

  @Test(arguments: read)
  func whatOthersWriteIsRead(hex: String, value: AnyItem) throws {
    #expect(try item(hex) == value)
  }

  @Test(arguments: ["f97e00", "fa7fc00000", "fb7ff8000000000000"])
  func whatIsNoNumberIsNone(hex: String) throws {
    #expect(try CBORDecoder().decode(Double.self, from: bytes(hex)).isNaN)
  }

  @Test(arguments: [
    "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff",
    "9f01820203820405ff", "83018202039f0405ff", "83019f0203ff820405", "bf61610161629f0203ffff",
    "826161bf61626163ff", "bf6346756ef563416d7421ff",
    "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
  ])
  func indefiniteLengthsAreRefused(hex: String) {
    #expect(reason(hex) == .indefiniteLength)
  }

  @Test(arguments: ["f0", "f8ff", "3bffffffffffffffff", "c349010000000000000000"])
  func whatNoTypeHoldsIsAnError(hex: String) {
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Int.self, from: bytes(hex)) }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Bool.self, from: bytes(hex)) }
  }

  /// Section 5.1 and appendix F: what is not well-formed.
  @Test(arguments: [
    ("", CBORError.Reason.truncated), ("18", .truncated), ("19ff", .truncated),
    ("1affffff", .truncated), ("1bffffffffffffff", .truncated), ("41", .truncated),
    ("61", .truncated), ("5affffffff00", .truncated), ("7b7fffffffffffffff010203", .truncated),
    ("81", .truncated), ("818181818181818181", .truncated), ("8200", .truncated),
    ("a1", .truncated), ("a20102", .truncated), ("a100", .truncated), ("a2000000", .truncated),
    ("9bffffffffffffffff", .truncated), ("bbffffffffffffffff00", .truncated), ("c0", .truncated),
    ("1c", .reserved), ("1d", .reserved), ("1e", .reserved), ("3c", .reserved), ("5d", .reserved),
    ("7e", .reserved), ("9c", .reserved), ("bd", .reserved), ("de", .reserved), ("fc", .reserved),
    ("f800", .reserved), ("f818", .reserved), ("f81f", .reserved), ("1f", .indefiniteLength),
    ("ff", .indefiniteLength), ("0000", .trailingBytes), ("a000", .trailingBytes),
  ])
  func whatIsNotWellFormedIsRefused(hex: String, expected: CBORError.Reason) {
    #expect(reason(hex) == expected)
  }

  @Test func depthIsBounded() {
    let depth = CBORDecoder.depthMax
    #expect(reason(String(repeating: "81", count: depth) + "00") == nil)
    #expect(reason(String(repeating: "81", count: depth + 1) + "00") == .tooDeep)
    #expect(reason(String(repeating: "a100", count: depth + 1) + "00") == .tooDeep)
    // Tags are no levels, and cost no stack.
    #expect(reason(String(repeating: "c0", count: 100_000) + "00") == nil)
    #expect(reason(String(repeating: "9bffffffffffffffff", count: 1000)) == .truncated)
  }

  /// What the decoder says of the bytes as a whole.
  private func reason(_ hex: String) -> CBORError.Reason? {
    struct Anything: Decodable { init(from decoder: any Decoder) {} }
    do {
      _ = try CBORDecoder().decode(Anything.self, from: bytes(hex))
      return nil
    } catch DecodingError.dataCorrupted(let context) {
      return (context.underlyingError as? CBORError)?.reason
    } catch {
      Issue.record(error)
      return nil
    }
  }
}
