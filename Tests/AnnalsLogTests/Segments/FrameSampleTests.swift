import AnnalsLog
import AnnalsTesting
import Testing

/// Where a frame is found from: the samples of the index, however unevenly they lie.
@Suite struct FrameSampleTests {
  /// Frames of so many events, one after the other.
  private static let spreads: [[Int]] = [
    [1], [5, 5], Array(repeating: 1, count: 300), Array(repeating: 110, count: 60),
    Array(repeating: 1, count: 500) + [4000, 4000, 4000],
    [4000, 4000, 4000] + Array(repeating: 1, count: 500),
    (0..<200).map { $0 % 7 == 0 ? 300 : 1 + $0 % 5 },
    (0..<64).map { 1 << ($0 % 11) },
  ]

  private func chains(_ frames: [Int]) -> (SegmentChains, [(first: Int, offset: Int)]) {
    var chains = SegmentChains(segment: 1, basePosition: 1)
    var begins: [(first: Int, offset: Int)] = []
    var ordinal = 0
    for (number, count) in frames.enumerated() {
      let offset = 4096 + number * 64
      begins.append((ordinal, offset))
      for _ in 0..<count { _ = chains.append(.unknown) }
      chains.noteFrame(ordinal: ordinal, offset: offset)
      ordinal += count
    }
    return (chains, begins)
  }

  @Test(arguments: spreads)
  func theLastSampleBeforeAnEventIsFound(frames: [Int]) {
    let (chains, _) = chains(frames)
    let samples = chains.samples
    for ordinal in 0..<chains.count + 3 {
      let expected = samples.last { Int($0.ordinal) <= ordinal }
      let found = chains.frameSample(before: ordinal)
      #expect(found?.ordinal == expected?.ordinal && found?.units == expected?.units)
    }
  }

  @Test(arguments: spreads)
  func severalAreFoundAsOne(frames: [Int]) {
    let (chains, _) = chains(frames)
    var random = SplitMix64(seed: UInt64(frames.count))
    for first in [0, 3, 50] {
      let ordinals = (0..<40).map { _ in
        UInt32(random.next() % UInt64(chains.count + first))
      }.sorted()
      var offsets = [7]
      SegmentChains.appendFrameOffsets(
        ordinals.span,
        chains.samples,
        of: chains.count,
        first: first,
        to: &offsets
      )
      let expected = ordinals.map { ordinal -> Int in
        if Int(ordinal) < first { return Segment.firstFrame }
        let sample = chains.frameSample(before: Int(ordinal) - first)
        return sample.map { Int($0.units) * 8 } ?? Segment.firstFrame
      }
      #expect(offsets == [7] + expected)
    }
  }

  /// A footer's samples, which are looked at around where they should be first.
  @Test(arguments: spreads)
  func aFooterFindsTheFrameOfEveryEvent(frames: [Int]) throws {
    let log = try EventLog(at: "/s", options: simulatedOptions(SimulatedFileSystem()))
    for count in frames {
      let events = (0..<count).map { _ in NewEvent(type: "T", payload: [1]) }
      try log.append(events, to: "a")
    }
    try DamageStore.roll(log)
    try log.append([NewEvent(type: "T", payload: [2])], to: "b")
    let segment = log.core.currentView.segments[0]
    let footer = try #require(try log.core.footer(of: segment))
    // Frames begin where the first events of the appends stand.
    var begins: [Int] = []
    var ordinal = 0
    for count in frames {
      begins.append(ordinal)
      ordinal += count
    }
    var sampled: [SegmentChains.Sample] = []
    for index in 0..<Int(footer.header.samples.count) {
      let sample = try footer.sample(index)
      sampled.append(SegmentChains.Sample(ordinal: sample.ordinal, units: sample.units))
      #expect(begins.contains(Int(sample.ordinal)))
    }
    let ordinals = (0..<ordinal).map { UInt32($0) }
    for start in stride(from: 0, to: ordinals.count, by: 97) {
      let part = Array(ordinals[start..<min(start + 97, ordinals.count)])
      var offsets = [Int](repeating: Segment.firstFrame, count: part.count)
      footer.findFrameOffsets(part.span, in: &offsets, from: 0)
      for (index, ordinal) in part.enumerated() {
        let expected = sampled.last { $0.ordinal <= ordinal }
        #expect(offsets[index] == expected.map { Int($0.units) * 8 })
      }
    }
    try log.close()
  }
}
