import AnnalsLog
import Testing

@Suite struct LZ4Tests {
  private let text = Array(
    String(repeating: "an event is a fact somebody appended; ", count: 40).utf8
  )

  @Test func whatWasCompressedComesBack() throws {
    let block = try #require(compress(text))
    #expect(block.count < text.count)
    #expect(decompress(block, into: text.count) == text)
  }

  @Test(arguments: [1_000, 100_000, 3_000_000])
  func theLongestRunsComeBack(count: Int) throws {
    let zeros = [UInt8](repeating: 0, count: count)
    let block = try #require(compress(zeros))
    #expect(decompress(block, into: count) == zeros)
  }

  @Test func whatWouldNotBeSmallerIsNotCompressed() {
    #expect(compress(noise(4096)) == nil)
    for count in 0..<12 { #expect(compress(Array(text.prefix(count))) == nil) }
  }

  @Test func anotherSizeThanTheTrueOneIsMalformed() throws {
    let block = try #require(compress(text))
    for count in [0, -1, 1, text.count - 1, text.count + 1, .max] {
      #expect(decompress(block, into: count) == nil)
    }
  }

  @Test func everyPrefixOfABlockIsMalformed() throws {
    let block = try #require(compress(text))
    for count in 0..<block.count {
      #expect(decompress(Array(block.prefix(count)), into: text.count) == nil)
    }
  }

  @Test func noDamageDoesMoreThanChangeTheBytes() throws {
    var block = try #require(compress(text))
    for index in block.indices {
      for bit in 0..<8 {
        block[index] ^= 1 << bit
        let bytes = decompress(block, into: text.count)
        #expect(bytes == nil || bytes?.count == text.count)
        block[index] ^= 1 << bit
      }
    }
  }

  // The macros cannot take a span apart.
  private func compress(_ bytes: [UInt8]) -> [UInt8]? { LZ4.compress(bytes.span) }

  private func decompress(_ block: [UInt8], into count: Int) -> [UInt8]? {
    LZ4.decompress(block.span, into: count)
  }
}

@Suite struct LZ4DictionaryTests {
  private let earlier = Array(
    (0..<40).map { "{\"owner\":\"customer \($0)\",\"currency\":\"EUR\",\"balance\":\($0)}" }
      .joined().utf8
  )
  private let state = Array("{\"owner\":\"customer 99\",\"currency\":\"EUR\",\"balance\":5}".utf8)

  @Test func whatWasCompressedComesBackAndIsSmaller() throws {
    let dictionary = LZ4Dictionary(earlier.span)
    // Several times: the state of one block must not leak into the next.
    for round in 0..<50 {
      let state = state + Array("\(round)".utf8)
      let block = try #require(compress(dictionary, state))
      #expect(block.count * 3 < state.count)
      #expect(decompress(dictionary, block, into: state.count) == state)
    }
    #expect(LZ4.compress(state.span) == nil)
    #expect(compress(dictionary, noise(100)) == nil)
  }

  @Test(arguments: [0, 1, 7, 8, 100, 64 << 10, 100_000])
  func dictionariesOfAnySizeWork(count: Int) throws {
    let dictionary = LZ4Dictionary(noise(count).span)
    let text = [UInt8](repeating: 7, count: 3000)
    let block = try #require(compress(dictionary, text))
    #expect(decompress(dictionary, block, into: text.count) == text)
  }

  @Test func noDamageDoesMoreThanChangeTheBytes() throws {
    let dictionary = LZ4Dictionary(earlier.span)
    var block = try #require(compress(dictionary, state))
    for index in block.indices {
      for bit in 0..<8 {
        block[index] ^= 1 << bit
        let bytes = decompress(dictionary, block, into: state.count)
        #expect(bytes == nil || bytes?.count == state.count)
        block[index] ^= 1 << bit
      }
    }
    for count in 0..<block.count {
      #expect(decompress(dictionary, Array(block.prefix(count)), into: state.count) == nil)
    }
  }

  private func compress(_ dictionary: LZ4Dictionary, _ bytes: [UInt8]) -> [UInt8]? {
    dictionary.compress(bytes.span)
  }

  private func decompress(
    _ dictionary: LZ4Dictionary,
    _ block: [UInt8],
    into count: Int
  ) -> [UInt8]? { dictionary.decompress(block.span, into: count) }
}
