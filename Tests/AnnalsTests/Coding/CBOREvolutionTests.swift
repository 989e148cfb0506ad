import Annals
import Testing

/// Payloads of types that have changed since.
@Suite struct CBOREvolutionTests {
  private struct Old: Codable, Equatable {
    var a: Int
    var b: String
    var c: [Int]
  }

  private struct Reordered: Codable, Equatable {
    var c: [Int]
    var b: String
    var a: Int
  }

  private struct Fewer: Codable, Equatable {
    var b: String
  }

  private struct More: Codable, Equatable {
    var new: Int?
    var a: Int
    var inner: Fewer?
    var b: String
    var c: [Int]
  }

  private struct Needing: Codable, Equatable {
    var a: Int
    var required: Int
  }

  private let old = Old(a: 1, b: "two", c: [3, 4])

  private func decoded<T: Decodable>(_ type: T.Type) throws -> T {
    try CBORDecoder().decode(type, from: try CBOREncoder().encode(old))
  }

  @Test func keysComeInAnyOrder() throws {
    #expect(try decoded(Reordered.self) == Reordered(c: [3, 4], b: "two", a: 1))
  }

  @Test func unknownKeysArePassedOver() throws {
    #expect(try decoded(Fewer.self) == Fewer(b: "two"))
  }

  @Test func missingOptionalsAreNil() throws {
    #expect(try decoded(More.self) == More(a: 1, b: "two", c: [3, 4]))
  }

  @Test func aMissingPropertyIsAnErrorWithItsName() throws {
    do {
      _ = try decoded(Needing.self)
      Issue.record("nothing can be had for it")
    } catch DecodingError.keyNotFound(let key, _) {
      #expect(key.stringValue == "required")
    }
  }

  @Test func integersAndNumbersAreTakenForEachOtherWhereNothingIsLost() throws {
    struct Whole: Codable { var a: Int }
    struct Real: Codable { var a: Double }
    struct Small: Codable { var a: Int8 }
    let bytes = try CBOREncoder().encode(Whole(a: 1 << 53))
    #expect(try CBORDecoder().decode(Real.self, from: bytes).a == 0x1p53)
    let odd = try CBOREncoder().encode(Whole(a: 1 << 53 + 1))
    #expect(throws: Never.self) { try CBORDecoder().decode(Whole.self, from: odd) }
    let inexact = try CBOREncoder().encode(Whole(a: (1 << 53) + 1))
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Real.self, from: inexact) }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Small.self, from: bytes) }
  }

  @Test func nullIsNilAndNothingElse() throws {
    struct Optional: Codable { var a: Int? }
    struct Plain: Codable { var a: Int }
    let null = bytes("a16161f6")
    #expect(try CBORDecoder().decode(Optional.self, from: null).a == nil)
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Plain.self, from: null) }
  }
}
