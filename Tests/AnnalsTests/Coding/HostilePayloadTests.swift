import Annals
import AnnalsTesting
import Foundation
import Testing

/// Any bytes give a value or an error, through every door.
@Suite struct HostilePayloadTests {
  private static func payloads() throws -> [[UInt8]] {
    let encoder = CBOREncoder()
    return [
      try encoder.encode(Primitives()), try encoder.encode(Things()), try encoder.encode(Nested()),
      try encoder.encode(Interleaved(seed: 5)), try encoder.encode(SampleEvent.all),
      try encoder.encode(Derived()), try encoder.encode("text"),
    ]
  }

  /// Reads bytes as every type there is; whether any could be read.
  @discardableResult
  private func read(_ bytes: [UInt8]) -> Bool {
    let decoder = CBORDecoder()
    var isAny = false
    func attempt<T: Decodable>(_ type: T.Type) {
      do {
        _ = try decoder.decode(type, from: bytes)
        isAny = true
      } catch is DecodingError {
      } catch is CocoaError {
        // What a type says of itself.
      } catch {
        Issue.record(error)
      }
    }
    attempt(Primitives.self)
    attempt(Things.self)
    attempt(Nested.self)
    attempt(Interleaved.self)
    attempt([SampleEvent].self)
    attempt(Derived.self)
    attempt(String.self)
    attempt(AnyItem.self)
    let codec: any EventCodec = .cbor
    _ = try? codec.decode(SampleEvent.self, case: "opened", from: bytes.span)
    _ = try? codec.decode(SampleEvent.self, case: "moved", from: bytes.span)
    _ = codec.isEncoding(of: bytes.span)
    readByHand(bytes)
    return isAny
  }

  private func readByHand(_ bytes: [UInt8]) {
    guard var reader = try? PayloadReader(bytes.span) else { return }
    var left = bytes.count + 1
    while !reader.isAtEnd, left > 0 {
      left -= 1
      if (try? reader.readInt()) != nil || (try? reader.readText()) != nil
        || (try? reader.readDouble()) != nil || (try? reader.readBool()) != nil
        || (try? reader.readNil()) == true || (try? reader.readUInt64()) != nil
        || (try? reader.beginArray()) != nil || (try? reader.beginMap()) != nil
      {
        continue
      }
      if let span = try? reader.readBytes() {
        #expect(span.count <= bytes.count)
        continue
      }
      if (try? reader.skip()) == nil { return }
    }
    #expect(left > 0, "the reader stands still")
  }

  @Test func everyPrefixIsAnError() throws {
    for payload in try Self.payloads() {
      for count in 0..<payload.count {
        #expect(!read(Array(payload.prefix(count))), "\(count) of \(payload)")
      }
      #expect(read(payload))
      #expect(!read(payload + [0]))
    }
  }

  @Test func everyChangedByteIsAValueOrAnError() throws {
    for payload in try Self.payloads() {
      for index in payload.indices {
        for change in [0x01, 0x20, 0x80, 0x1f] as [UInt8] {
          var changed = payload
          changed[index] ^= change
          read(changed)
        }
      }
    }
  }

  @Test func randomBytesAreAValueOrAnError() {
    var numbers = SplitMix64(seed: 17)
    for _ in 0..<10_000 {
      let count = Int.random(in: 0..<40, using: &numbers)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      // Mostly short heads, so that something nests.
      for index in bytes.indices where index % 2 == 0 { bytes[index] &= 0xe7 }
      read(bytes)
    }
  }

  @Test func aCountThatLiesAllocatesNothing() {
    for head in [0x9a, 0xba, 0x5a, 0x7a] as [UInt8] {
      for count in [0xffff_ffff, 0x7fff_ffff, 1_000_000] as [UInt32] {
        let bytes = [head] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        #expect(!read(bytes + [UInt8](repeating: 0, count: 100)))
      }
    }
  }
}

/// Random values are the same through CBOR and through JSON.
@Suite struct RandomPayloadTests {
  @Test(arguments: 0..<40 as Range<UInt64>)
  func valuesComeBackAsFromJSON(seed: UInt64) throws {
    var numbers = SplitMix64(seed: seed)
    for _ in 0..<10 {
      // JSON of Foundation has no fragments.
      let value = AnyItem.list([.random(3, &numbers)])
      let json = try JSONDecoder().decode(AnyItem.self, from: JSONEncoder().encode(value))
      let bytes = try CBOREncoder().encode(value)
      let cbor = try CBORDecoder().decode(AnyItem.self, from: bytes)
      #expect(cbor == value)
      #expect(cbor == json)
    }
  }
}
