import Annals
import Foundation
import Testing

/// The examples of RFC 8949, appendix A, as far as they are of definite length.
@Suite struct CBORVectorTests {
  private func decoded<T: Decodable>(_ type: T.Type, _ hex: String) throws -> T {
    try CBORDecoder().decode(type, from: bytes(hex))
  }

  /// What an encoder writes for the value, without the mark before what is no map.
  private func encoded<T: Encodable>(_ value: T) throws -> String {
    let text = hex(try CBOREncoder().encode(value))
    return text.hasPrefix("d9d9f7") ? String(text.dropFirst(6)) : text
  }

  @Test func integers() throws {
    let vectors: [(Int64, String)] = [
      (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"),
      (1000, "1903e8"), (1_000_000, "1a000f4240"), (1_000_000_000_000, "1b000000e8d4a51000"),
      (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"),
    ]
    for (value, hex) in vectors {
      #expect(try decoded(Int64.self, hex) == value)
      #expect(try encoded(value) == hex)
    }
    #expect(try decoded(UInt64.self, "1bffffffffffffffff") == .max)
    #expect(try encoded(UInt64.max) == "1bffffffffffffffff")
    // Beyond 64 bits with a sign.
    #expect(throws: DecodingError.self) { try decoded(Int64.self, "3bffffffffffffffff") }
    #expect(throws: DecodingError.self) { try decoded(Int64.self, "1bffffffffffffffff") }
  }

  @Test func numbers() throws {
    let vectors: [(Double, String)] = [
      (0, "f90000"), (-0.0, "f98000"), (1, "f93c00"), (1.1, "fb3ff199999999999a"),
      (1.5, "f93e00"), (65_504, "f97bff"), (100_000, "fa47c35000"),
      (3.4028234663852886e+38, "fa7f7fffff"), (1.0e+300, "fb7e37e43c8800759c"),
      (5.960464477539063e-8, "f90001"), (0.00006103515625, "f90400"), (-4, "f9c400"),
      (-4.1, "fbc010666666666666"), (.infinity, "f97c00"), (-.infinity, "f9fc00"),
      (.infinity, "fa7f800000"), (-.infinity, "faff800000"), (.infinity, "fb7ff0000000000000"),
      (-.infinity, "fbfff0000000000000"),
    ]
    for (value, hex) in vectors {
      let number = try decoded(Double.self, hex)
      #expect(number == value)
      #expect(number.sign == value.sign)
    }
    for hex in ["f97e00", "fa7fc00000", "fb7ff8000000000000"] {
      #expect(try decoded(Double.self, hex).isNaN)
      #expect(try decoded(Float.self, hex).isNaN)
    }
    #expect(try encoded(1.1) == "fb3ff199999999999a")
    #expect(try encoded(Float(100_000)) == "fa47c35000")
  }

  @Test func simpleValuesAndTags() throws {
    #expect(try decoded(Bool.self, "f4") == false)
    #expect(try decoded(Bool.self, "f5") == true)
    #expect(try decoded(Int?.self, "f6") == nil)
    #expect(try decoded(Int?.self, "f7") == nil)
    #expect(try encoded(false) == "f4")
    #expect(try encoded(true) == "f5")
    #expect(try encoded(Int?.none) == "f6")
    // Simple values without a meaning are well-formed, and nothing that a type could be.
    for hex in ["f0", "f8ff"] {
      #expect(throws: DecodingError.self) { try decoded(Int.self, hex) }
    }
    let time = "c074323031332d30332d32315432303a30343a30305a"
    #expect(try decoded(String.self, time) == "2013-03-21T20:04:00Z")
    #expect(try decoded(Int.self, "c11a514b67b0") == 1_363_896_240)
    #expect(try decoded(Double.self, "c1fb41d452d9ec200000") == 1_363_896_240.5)
    #expect(try decoded([UInt8].self, "d74401020304") == [1, 2, 3, 4])
    #expect(try decoded([UInt8].self, "d818456449455446") == bytes("6449455446"))
    let address = "d82076687474703a2f2f7777772e6578616d706c652e636f6d"
    #expect(try decoded(String.self, address) == "http://www.example.com")
  }

  @Test func bytesAndTexts() throws {
    #expect(try decoded(Data.self, "40") == Data())
    #expect(try decoded(Data.self, "4401020304") == Data([1, 2, 3, 4]))
    #expect(try encoded(Data([1, 2, 3, 4])) == "4401020304")
    let vectors = [
      ("", "60"), ("a", "6161"), ("IETF", "6449455446"), ("\"\\", "62225c"), ("\u{fc}", "62c3bc"),
      ("\u{6c34}", "63e6b0b4"), ("\u{10151}", "64f0908591"),
    ]
    for (text, hex) in vectors {
      #expect(try decoded(String.self, hex) == text)
      #expect(try encoded(text) == hex)
    }
  }

  @Test func arraysAndMaps() throws {
    #expect(try decoded([Int].self, "80") == [])
    #expect(try decoded([Int].self, "83010203") == [1, 2, 3])
    let many = "98190102030405060708090a0b0c0d0e0f101112131415161718181819"
    #expect(try decoded([Int].self, many) == Array(1...25))
    #expect(try encoded([Int]()) == "80")
    #expect(try encoded([1, 2, 3]) == "83010203")
    #expect(try encoded(Array(1...25)) == many)
    let nested = try decoded(AnyPayload.self, "8301820203820405")
    #expect(nested == .array([.int(1), .array([.int(2), .int(3)]), .array([.int(4), .int(5)])]))
    #expect(try encoded(nested) == "8301820203820405")
    #expect(try decoded(AnyPayload.self, "a0") == .map([:]))
    // Keys that are no texts name nothing.
    #expect(try decoded(AnyPayload.self, "a201020304") == .map([:]))
    let map = try decoded(AnyPayload.self, "a26161016162820203")
    #expect(map == .map(["a": .int(1), "b": .array([.int(2), .int(3)])]))
    let mixed = try decoded(AnyPayload.self, "826161a161626163")
    #expect(mixed == .array([.text("a"), .map(["b": .text("c")])]))
    #expect(try encoded(mixed) == "826161a161626163")
    let letters = try decoded([String: String].self, "a56161614161626142616361436164614461656145")
    #expect(letters == ["a": "A", "b": "B", "c": "C", "d": "D", "e": "E"])
  }

  @Test func indefiniteLengthsAreRefused() throws {
    let vectors = [
      "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff",
      "83018202039f0405ff", "bf61610161629f0203ffff", "826161bf61626163ff",
    ]
    for hex in vectors {
      #expect(throws: DecodingError.self) { try decoded(AnyPayload.self, hex) }
    }
  }

  /// RFC 8949, appendix F: what is not well-formed.
  @Test func malformedBytesAreRefused() throws {
    let vectors = [
      "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98",
      "9a01ff00", "b8", "d8", "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00",
      "5bffffffffffffffff010203", "7affffffff00", "7b7fffffffffffffff010203", "81",
      "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "c0", "ff", "1c", "1d",
      "1e", "3c", "5c", "7c", "9c", "bc", "dc", "fc", "f800", "f818", "f81f", "1f", "df", "81ff",
      "00ff", "0000", "a0a0",
    ]
    for hex in vectors {
      #expect(throws: DecodingError.self, "\(hex)") { try decoded(AnyPayload.self, hex) }
    }
  }
}
