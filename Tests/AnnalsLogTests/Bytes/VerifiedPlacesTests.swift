import AnnalsLog
import AnnalsTesting
import Testing

/// What is verified of a file: never a place that was not, and none lost but to a race.
@Suite struct VerifiedPlacesTests {
  /// Runs of 512 places share a word.
  @Test(arguments: [
    [0], [511], [512], [0, 511], [0, 512], [3, 3], [3, 4, 5], [510, 511, 512, 513],
    [1023, 0, 1024, 1, 1022],
  ])
  func whatWasInsertedIsThereAndNothingElse(places: [Int]) {
    let set = VerifiedPlaces(count: 1500)
    for (number, place) in places.enumerated() {
      set.insert(place)
      let inserted = Set(places[...number])
      for other in 0..<1500 { #expect(set.contains(other) == inserted.contains(other)) }
    }
  }

  @Test(arguments: [0, 1, 2, 511, 512, 513])
  func theLastPlaceHasRoom(count: Int) {
    let set = VerifiedPlaces(count: count)
    let last = max(count, 1) - 1
    #expect(!set.contains(last))
    set.insert(last)
    set.prefetch(last)
    set.prefetch(last + 1)
    set.prefetch(-1)
    #expect(set.contains(last))
  }

  /// Many in few runs, so that threads meet where a word gives way to bits.
  @Test func threadsThatMeetLoseNothing() throws {
    for round in 0..<200 {
      let set = VerifiedPlaces(count: 2048)
      let threads = try (0..<4).map { thread in
        try Thread(name: "places") {
          var random = SplitMix64(seed: UInt64(round * 4 + thread))
          for _ in 0..<6 {
            // Even ones only: an odd one must never be there.
            let place = Int(random.next() % 1024) * 2
            set.insert(place)
            if !set.contains(place) { Issue.record("a place was lost") }
          }
        }
      }
      for thread in threads { thread.join() }
      for thread in 0..<4 {
        var random = SplitMix64(seed: UInt64(round * 4 + thread))
        for _ in 0..<6 { #expect(set.contains(Int(random.next() % 1024) * 2)) }
      }
      for odd in stride(from: 1, to: 2048, by: 2) where set.contains(odd) {
        Issue.record("a place that was not inserted")
      }
    }
  }
}
