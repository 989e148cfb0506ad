/// Which of the pending changes a power cut spares.
package enum CrashChoice: Hashable, Sendable {
  /// None: only what was synced is left.
  case nothing
  /// All: as if everything had been synced.
  case everything
  /// The oldest ones, so many of them, in the order in which they were made.
  case prefix(Int)
  /// Some, with probabilities that differ from seed to seed.
  case random(UInt64)
  /// For each place of `PowerCut.places` how many of its versions are passed; zero is the oldest.
  case exact([Int])
  /// All but these places, of which so many versions are passed.
  case everythingBut([Int: Int])
}

extension CrashChoice: CustomStringConvertible {
  /// The choice as one writes it in a test.
  package var description: String {
    switch self {
    case .nothing: ".nothing"
    case .everything: ".everything"
    case .prefix(let count): ".prefix(\(count))"
    case .random(let seed): ".random(\(seed))"
    case .exact(let versions): ".exact(\(versions))"
    case .everythingBut(let places):
      ".everythingBut(\(Self.literal(places.sorted { $0.key < $1.key })))"
    }
  }

  private static func literal(_ places: [(key: Int, value: Int)]) -> String {
    guard !places.isEmpty else { return "[:]" }
    return "[" + places.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "]"
  }
}

extension PowerCut {
  /// For each place the version that `choice` leaves.
  package func versions(_ choice: CrashChoice) -> [Int] {
    switch choice {
    case .nothing: [Int](repeating: 0, count: places.count)
    case .everything: places.map { $0.sequences.count }
    case .prefix(let count): prefixVersions(count)
    case .random(let seed): randomVersions(seed)
    case .exact(let versions): versions
    case .everythingBut(let left): places.indices.map { left[$0] ?? places[$0].sequences.count }
    }
  }

  /// How many different choices there are; `Int.max` if that many or more.
  package var choiceCount: Int {
    var result = 1
    for place in places {
      let (product, isOverflow) = result.multipliedReportingOverflow(
        by: place.sequences.count + 1
      )
      guard !isOverflow else { return Int.max }
      result = product
    }
    return result
  }

  /// All choices if there are at most `countMax`, or else that many of them: the extremes, some
  /// prefixes, and random ones.
  package func choices(atMost countMax: Int, seed: UInt64) -> [CrashChoice] {
    guard choiceCount > countMax else { return allChoices() }
    var random = SplitMix64(seed: seed)
    var result: [CrashChoice] = [.nothing, .everything]
    for index in 2..<max(2, countMax) {
      let isPrefix = index % 4 == 2 && changeCount > 1
      result.append(
        isPrefix
          ? .prefix(1 + random.number(below: changeCount - 1))
          : .random(random.next())
      )
    }
    return [CrashChoice](result.prefix(countMax))
  }

  /// Counts through the versions of all places.
  private func allChoices() -> [CrashChoice] {
    var result: [CrashChoice] = []
    result.reserveCapacity(choiceCount)
    var versions = [Int](repeating: 0, count: places.count)
    while true {
      result.append(.exact(versions))
      guard let place = versions.indices.first(where: { isNotLast(versions[$0], of: $0) }) else {
        return result
      }
      versions[place] += 1
      for lower in 0..<place { versions[lower] = 0 }
    }
  }

  private func isNotLast(_ version: Int, of place: Int) -> Bool {
    version < places[place].sequences.count
  }

  private func prefixVersions(_ count: Int) -> [Int] {
    let end = sequence(after: count)
    return places.map { place in place.sequences.count { $0 < end } }
  }

  /// Names, sizes and sectors have each their own chance: the interesting images are those in which
  /// one kind survives and another does not.
  private func randomVersions(_ seed: UInt64) -> [Int] {
    let percents: [UInt64] = [2, 10, 30, 50, 70, 90, 98]
    var random = SplitMix64(seed: seed)
    let ofNames = percents[random.number(below: percents.count)]
    let ofSizes = percents[random.number(below: percents.count)]
    let ofSectors = percents[random.number(below: percents.count)]
    return places.map { place in
      let percent =
        switch place.kind {
        case .name, .names: ofNames
        case .size: ofSizes
        case .sector: ofSectors
        }
      guard random.happens(percent: percent) else { return 0 }
      let newest = place.sequences.count
      guard newest > 1, random.happens(percent: 50) else { return newest }
      return 1 + random.number(below: newest)
    }
  }
}
