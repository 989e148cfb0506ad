import Annals
import Foundation
import Testing

/// That `Format.md` and the coder say the same of CBOR.
@Suite struct CBORDocumentTests {
  private struct Deposited: Codable, Equatable {
    var amount: Int
    var source: String
    var price: Double?
    var note: String?
  }

  private enum Change: Codable, Equatable {
    case moved(to: Int, Bool)
    case begun
  }

  /// The bytes of each block marked `cbor`, by its name.
  private static func vectors() throws -> [String: [UInt8]] {
    var vectors: [String: [UInt8]] = [:]
    for block in try text().components(separatedBy: "\n```cbor ").dropFirst() {
      let lines = block.split(separator: "\n")
      let name = String(try #require(lines.first))
      #expect(vectors[name] == nil, "\(name) stands there twice")
      var found: [UInt8] = []
      for line in lines.dropFirst().prefix(while: { !$0.hasPrefix("```") }) {
        for token in line.prefix(while: { $0 != "#" }).split(separator: " ") {
          let parts = token.split(separator: "*")
          let byte = try #require(UInt8(parts[0], radix: 16), "\(name): \(token)")
          let count = parts.count == 1 ? 1 : try #require(Int(parts[1]), "\(name): \(token)")
          found += [UInt8](repeating: byte, count: count)
        }
      }
      vectors[name] = found
    }
    return vectors
  }

  private static func text() throws -> String {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    let url = root.appending(path: "Sources/Annals/Annals.docc/Format.md")
    return try String(contentsOf: url, encoding: .utf8)
  }

  /// A check of each vector: its value gives these bytes, and these bytes the value.
  private static let checks: [String: @Sendable ([UInt8]) throws -> Void] = [
    "properties": { try expect($0, Deposited(amount: 12_345, source: "salary", price: 18.95)) },
    "enum": { try expect($0, Change.moved(to: -1, true)) },
    "case": { try expect($0, Change.moved(to: -1, true), case: "moved") },
    "empty-case": { try expect($0, Change.begun, case: "begun") },
    "marked": { try expect($0, [UInt64.max, 24, 0, 23]) },
    "bytes": { try expect($0, [Data([1, 2, 255]), Data()]) },
    "date": { try expect($0, try Date("2027-06-01T16:00:00Z", strategy: .iso8601)) },
    "integer-keys": { try expect($0, [-7: Float(1.5)]) },
  ]

  /// Why the vectors of the names that begin so are refused.
  private static let refusals: [String: CBORError.Reason] = [
    "indefinite": .indefiniteLength,
    "trailing": .trailingBytes,
    "truncated": .truncated,
    "count": .truncated,
    "reserved": .reserved,
    "depth": .tooDeep,
  ]

  private static func expect<T: Codable & Equatable>(_ bytes: [UInt8], _ value: T) throws {
    #expect(hex(try CBOREncoder().encode(value)) == hex(bytes))
    #expect(try CBORDecoder().decode(T.self, from: bytes) == value)
  }

  private static func expect(_ bytes: [UInt8], _ value: Change, case name: String) throws {
    var payload: [UInt8] = []
    let index = try CBOREventCodec().encodeCase(of: value, among: [name], into: &payload)
    #expect(index == 0)
    #expect(hex(payload) == hex(bytes))
    let back = try CBOREventCodec().decode(Change.self, case: name, from: bytes.span)
    #expect(back == value)
  }

  @Test func everyVectorIsMadeAndRead() throws {
    let vectors = try Self.vectors()
    let names = Set(Self.checks.keys).union(Self.refusals.keys.map { "refused-" + $0 })
    #expect(Set(vectors.keys) == names)
    for (name, check) in Self.checks { try check(try #require(vectors[name])) }
  }

  @Test func whatMustBeRefusedIsRefused() throws {
    let vectors = try Self.vectors()
    for (name, reason) in Self.refusals {
      let bytes = try #require(vectors["refused-" + name])
      do {
        _ = try CBORDecoder().decode(AnyPayload.self, from: bytes)
        Issue.record("\(name) was read")
      } catch DecodingError.dataCorrupted(let context) {
        #expect((context.underlyingError as? CBORError)?.reason == reason, "\(name)")
      }
    }
  }

  @Test func theFirstBytesTellWhatTheTableSays() throws {
    let text = try Self.text()
    let section = try #require(text.components(separatedBy: "## CBOR payloads").dropFirst().first)
    for row in ["`a0` to `bb` | a CBOR map", "`d9 d9 f7` | any other", "below `80` | JSON"] {
      #expect(section.contains(row))
    }
    #expect(section.contains("at most \(CBORDecoder.depthMax) levels deep"))
    for byte in UInt8.min...UInt8.max {
      let payload = [byte]
      let isCBOR = CBOREventCodec().isEncoding(of: payload.span)
      let isJSON = JSONEventCodec().isEncoding(of: payload.span)
      #expect(isCBOR == (0xa0...0xbb).contains(byte))
      #expect(isJSON == (byte < 0x80))
    }
  }
}
