import AnnalsLog
import Testing

@Suite struct StoreIDTests {
  @Test func itIsPrintedAsOneNumber() {
    #expect(FormatSamples.storeID.description == "0f0e0d0c0b0a09080706050403020100")
    #expect(StoreID(high: 1, low: 2).description == "00000000000000010000000000000002")
  }

  @Test func aRandomOneIsNeitherZeroNorRepeated() {
    var seen: Set<StoreID> = []
    for _ in 0..<100 {
      let id = StoreID.random()
      #expect(id.high != 0)
      #expect(id.low != 0)
      #expect(seen.insert(id).inserted)
    }
  }
}
