/// Making a failing state smaller.
extension CrashExplorer {
  /// The smallest state that was found to fail like `failure`; `failure` itself if none is smaller.
  ///
  /// First the process is stopped as early as it can be, then as little as can be is lost. At most
  /// `CrashOptions.shrinkCountMax` states are checked.
  package func shrink(_ failure: CrashFailure) throws -> CrashFailure {
    var checkCount = 0
    let earlier = try earliest(failure, &checkCount)
    let smallest = try losingLeast(earlier, like: failure, &checkCount)
    guard smallest != failure.crashCase, var result = try replay(smallest) else { return failure }
    result.origin = (failure.crashCase, checkCount)
    return result
  }

  /// The case with the earliest stop found; simpler images are tried first.
  private func earliest(_ failure: CrashFailure, _ checkCount: inout Int) throws -> CrashCase {
    var images = [CrashCase.Image.killed]
    if case .powerCut(let sectorByteCount, let names, let choice) = failure.crashCase.image {
      images.append(.powerCut(sectorByteCount: sectorByteCount, names: names, .everything))
      images.append(.powerCut(sectorByteCount: sectorByteCount, names: names, .nothing))
      if case .exact = choice {} else { images.append(failure.crashCase.image) }
    }
    var random = SplitMix64(seed: options.seed)
    let stops = everyStop(failure.trace, &random)
    // Half of the checks, spread over all stops.
    let stride = max(1, 2 * stops.count * images.count / max(1, options.shrinkCountMax))
    for (index, stop) in stops.enumerated() where index % stride == 0 {
      if stop == failure.crashCase.stop { break }
      let run = try run(until: stop)
      for image in images {
        checkCount += 1
        let crashCase = CrashCase(stop: stop, image: image)
        if fails(crashCase, run, like: failure) { return crashCase }
      }
    }
    return failure.crashCase
  }

  /// The case with as few places lost as were found to be enough.
  private func losingLeast(
    _ crashCase: CrashCase,
    like failure: CrashFailure,
    _ checkCount: inout Int
  ) throws -> CrashCase {
    guard case .powerCut(let sectorByteCount, let names, let choice) = crashCase.image else {
      return crashCase
    }
    let run = try run(until: crashCase.stop)
    let cut = run.disk.powerCut(sectorByteCount: sectorByteCount, names: names)
    let versions = cut.versions(choice)
    func losing(_ places: [Int]) -> CrashCase {
      let left = Dictionary(uniqueKeysWithValues: places.map { ($0, versions[$0]) })
      let image = CrashCase.Image.powerCut(
        sectorByteCount: sectorByteCount,
        names: names,
        .everythingBut(left)
      )
      return CrashCase(stop: crashCase.stop, image: image)
    }
    let lost = versions.indices.filter { versions[$0] < cut.places[$0].sequences.count }
    let least = lost.reduced(tryCount: &checkCount, atMost: options.shrinkCountMax) {
      fails(losing($0), run, like: failure)
    }
    return losing(least)
  }

  private func fails(_ crashCase: CrashCase, _ run: Run, like failure: CrashFailure) -> Bool {
    let disk = crashCase.apply(to: run.disk)
    guard let message = self.failure(disk, crashCase.death, run.record) else { return false }
    return CrashFailure.kind(of: message) == failure.kind
  }
}

extension CrashFailure {
  /// How it failed: the first line of the message without its numbers.
  package var kind: String { Self.kind(of: message) }

  /// How what a check has to say is told from what it says of another fault.
  package static func kind(of message: String) -> String {
    let line = message.prefix { !$0.isNewline }
    return line.split(whereSeparator: \.isNumber).joined(separator: "#")
  }
}

extension Array {
  /// As few of the elements as were found for which `holds` is true, as it is for all of them.
  ///
  /// Leaves out halves, quarters, and so on down to single elements, until none can be spared or
  /// `tryCount` has come to `countMax`.
  package func reduced(
    tryCount: inout Int,
    atMost countMax: Int,
    where holds: ([Element]) throws -> Bool
  ) rethrows -> [Element] {
    var kept = self
    var size = count
    while size > 0 {
      var start = 0
      var isSmaller = false
      while start < kept.count {
        guard tryCount < countMax else { return kept }
        tryCount += 1
        var candidate = kept
        candidate.removeSubrange(start..<Swift.min(start + size, kept.count))
        if try holds(candidate) {
          kept = candidate
          isSmaller = true
        } else {
          start += size
        }
      }
      size = size == 1 && isSmaller ? 1 : size / 2
    }
    return kept
  }
}
