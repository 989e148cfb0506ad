extension Verification {
  /// Checks the index checkpoints whose newest segment is `segment`, which was just walked: what
  /// they say is what the walk has found up to now.
  mutating func checkCheckpoints(endingWith segment: SegmentID) {
    for (known, file) in checkpoints where resolved(known.lastSegment) == segment {
      guard let file, let reading = read(file, .indexCheckpoint) else { continue }
      do throws(LogError) {
        let checkpoint = try IndexCheckpoint(
          reading.mapping,
          storeID: storeID,
          name: file.name
        )
        let damaged = checkpoint.checkAll()
        for error in damaged { add(VerifyProblem(error, .indexCheckpoint, file: file.name)) }
        if damaged.isEmpty { try check(checkpoint, known) }
      } catch {
        add(VerifyProblem(error, .indexCheckpoint, file: file.name))
      }
    }
  }

  private mutating func check(
    _ checkpoint: IndexCheckpoint,
    _ known: SegmentList.Checkpoint
  ) throws(LogError) {
    let header = checkpoint.header
    func mismatch(_ field: String, _ expected: UInt64?, _ found: UInt64?) -> VerifyProblem {
      VerifyProblem(
        .mismatch,
        .indexCheckpoint,
        file: checkpoint.name,
        field: field,
        expected: expected,
        found: found
      )
    }
    var wrong: [(String, UInt64, UInt64)] = [
      ("generation", known.generation, header.generation),
      ("first segment", UInt64(known.firstSegment), UInt64(header.firstSegment)),
      ("last segment", UInt64(known.lastSegment), UInt64(header.lastSegment)),
      ("keys", known.keyCount, header.count),
    ]
    let first = resolved(header.firstSegment)
    let last = resolved(header.lastSegment)
    var covered: Set<SegmentID> = []
    for file in files {
      if file.entry.id == first || !covered.isEmpty { covered.insert(file.entry.id) }
      if file.entry.id == last { break }
    }
    // Made before compaction it may know keys that left since, and not know their neighbours.
    let isExact = lostEvents == 0 && !covered.contains(where: isRewritten)
    if isExact {
      var count: UInt64 = 0
      keys.forEach { if covered.contains($0.segment) { count += 1 } }
      wrong.append(("keys of its segments", count, header.count))
    }
    for (field, expected, found) in wrong where expected != found {
      add(mismatch(field, expected, found))
    }
    var before: KeyHash?
    for index in 0..<checkpoint.keys.count {
      let entry = try checkpoint.keys.entry(index)
      if let before, entry.hash <= before {
        add(mismatch("order of key \(index)", nil, nil))
        return
      }
      before = entry.hash
      guard let slot = keys.find(entry.hash) else {
        if isExact { add(mismatch("key \(index), which no event has", nil, nil)) }
        continue
      }
      let key = keys[slot]
      if !isExact, lostEvents == 0 { continue }
      if entry.domain != key.domain || entry.version < key.version
        || isExact && (entry.version != key.version || entry.segment != key.segment)
      {
        add(mismatch("version of key \(index)", key.version, entry.version))
      }
    }
  }
}
