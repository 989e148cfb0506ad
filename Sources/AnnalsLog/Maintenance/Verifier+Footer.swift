extension Verification {
  /// The segment's footer, if it is there and its header and pages verify.
  mutating func openFooter(_ index: Int, _ segment: Segment) -> Footer? {
    guard let file = files[index].footer, let reading = read(file, .footer) else { return nil }
    do throws(LogError) {
      let footer = try Footer(
        reading.mapping,
        storeID: storeID,
        segment: segment.header,
        name: file.name
      )
      let damaged = footer.checkAll()
      for error in damaged { add(VerifyProblem(error, .footer, file: file.name)) }
      return damaged.isEmpty ? footer : nil
    } catch {
      add(VerifyProblem(error, .footer, file: file.name))
      return nil
    }
  }

  /// Compares what ends at the walk's offset: the footer, and what the manifest notes.
  mutating func passBoundary(_ walk: inout SegmentWalk) {
    if let footer = walk.footer, !walk.isFooterChecked,
      footer.header.end == UInt64(walk.offset)
    {
      walk.isFooterChecked = true
      check(footer, walk)
    }
    guard let mark = walk.mark, !walk.isMarkSeen, mark.end == UInt64(walk.offset) else { return }
    walk.isMarkSeen = true
    var wrong: [(String, UInt64, UInt64)] = [("position", lastPosition, mark.position)]
    if !walk.survey.hasLosses {
      wrong.append(("record", walk.survey.lastRecord, mark.record))
      wrong.append(("number of keys", walk.survey.keySequence, mark.keySequence))
    }
    if walk.offset > Segment.firstFrame, !walk.survey.hasLosses {
      wrong.append(("checksum", UInt64(walk.survey.lastChecksum), UInt64(mark.checksum)))
    }
    for (field, expected, found) in wrong where expected != found {
      add(
        VerifyProblem(
          .mismatch,
          .manifest,
          file: StoreFile.manifest,
          field: field,
          expected: expected,
          found: found
        )
      )
    }
  }

  /// Compares the walked segment with its list entry and takes its keys over.
  mutating func finish(_ walk: inout SegmentWalk, _ entry: SegmentList.Entry) {
    checkGaps(walk)
    var survey = walk.survey
    if entry.isRewritten { survey.keySequence = max(survey.keySequence, entry.keySequence) }
    let isWhole = !survey.hasLosses
    if let mark = walk.mark, !walk.isMarkSeen, isWhole, through == .max {
      add(
        VerifyProblem(
          .mismatch,
          .manifest,
          file: StoreFile.manifest,
          field: "durable end",
          expected: UInt64(walk.offset),
          found: mark.end
        )
      )
    }
    if entry.isSealed, through == .max || lastPosition < through {
      var wrong: [(String, UInt64, UInt64)] = [
        ("base position", walk.segment.base.position, entry.basePosition),
        ("last position", lastPosition, entry.lastPosition),
      ]
      if isWhole {
        wrong.append(("end", UInt64(walk.offset), entry.end))
        wrong.append(("last record", survey.lastRecord, entry.lastRecord))
        wrong.append(("number of keys", survey.keySequence, entry.keySequence))
        wrong.append(("last checksum", UInt64(survey.lastChecksum), UInt64(entry.lastChecksum)))
      }
      let file = StoreFile.segmentList(list?.generation ?? 0)
      for (field, expected, found) in wrong where expected != found {
        add(
          VerifyProblem(
            .mismatch,
            .segmentList,
            file: file,
            field: "\(field) of segment \(entry.id)",
            expected: expected,
            found: found
          )
        )
      }
    }
    finishFooter(walk, entry)
    takeKeys(survey)
    lastRecord = isWhole ? survey.lastRecord : max(survey.lastRecord, entry.lastRecord)
    keySequence = isWhole ? survey.keySequence : max(survey.keySequence, entry.keySequence)
    previous = Predecessor(
      id: entry.id,
      end: UInt64(walk.offset),
      checksum: survey.lastChecksum,
      isWhole: isWhole
    )
  }

  private mutating func finishFooter(_ walk: SegmentWalk, _ entry: SegmentList.Entry) {
    guard let footer = walk.footer else { return }
    if !walk.isFooterChecked, !walk.survey.hasLosses, through == .max {
      add(
        VerifyProblem(
          .mismatch,
          .footer,
          file: footer.name,
          field: "end",
          expected: UInt64(walk.offset),
          found: footer.header.end
        )
      )
    } else if entry.isSealed, footer.header.end != entry.end {
      note(.staleFooter, footer.name)
    }
  }

  private mutating func takeKeys(_ survey: SegmentSurvey) {
    survey.index.table.forEach { slot in
      var slot = slot
      slot.segment = survey.segment
      slot.newest = 0
      if let found = keys.find(slot.hash) { keys[found] = slot } else { _ = keys.insert(slot) }
    }
  }
}

// MARK: What a footer says

extension Verification {
  private mutating func check(_ footer: Footer, _ walk: SegmentWalk) {
    var problems = headerProblems(footer, walk)
    do throws(LogError) {
      problems += try keyProblems(footer, walk)
      problems += try sampleProblems(footer, walk)
      problems += try nameProblems(footer, walk)
    } catch {
      problems.append(VerifyProblem(error, .footer, file: footer.name))
    }
    for problem in problems { add(problem) }
  }

  private func mismatch(
    _ footer: Footer,
    _ field: String,
    _ expected: UInt64? = nil,
    _ found: UInt64? = nil
  ) -> VerifyProblem {
    VerifyProblem(
      .mismatch,
      .footer,
      file: footer.name,
      field: field,
      expected: expected,
      found: found
    )
  }

  private func headerProblems(_ footer: Footer, _ walk: SegmentWalk) -> [VerifyProblem] {
    let header = footer.header
    let survey = walk.survey
    var wrong: [(String, UInt64, UInt64)] = [
      ("last position", lastPosition, header.lastPosition),
      ("record", survey.lastRecord, header.lastRecord),
      ("last checksum", UInt64(survey.lastChecksum), UInt64(header.lastChecksum)),
    ]
    if header.liveBytes > header.end { wrong.append(("live bytes", header.end, header.liveBytes)) }
    if survey.hasLosses {
      if header.eventCount < survey.eventCount {
        wrong.append(("events", survey.eventCount, header.eventCount))
      }
    } else {
      var aggregates: UInt64 = 0
      survey.index.table.forEach {
        if $0.domain == KeyHash.Domain.aggregate.rawValue { aggregates += 1 }
      }
      wrong.append(("events", survey.eventCount, header.eventCount))
      let entry = walk.segment.current.entry
      let keys =
        entry.isRewritten ? max(survey.keySequence, entry.keySequence) : survey.keySequence
      wrong.append(("number of keys", keys, header.keySequence))
      wrong.append(("aggregates", aggregates, header.aggregateCount))
      wrong.append(("keys", UInt64(survey.index.table.count), header.keys.count))
    }
    if survey.eventCount > 0 {
      let least = survey.leastTime
      let greatest = survey.greatestTime
      if least < header.leastTime || !survey.hasLosses && least != header.leastTime {
        wrong.append(
          ("least time", UInt64(bitPattern: least), UInt64(bitPattern: header.leastTime))
        )
      }
      if greatest > header.greatestTime || !survey.hasLosses && greatest != header.greatestTime {
        wrong.append(
          ("greatest time", UInt64(bitPattern: greatest), UInt64(bitPattern: header.greatestTime))
        )
      }
    }
    return wrong.compactMap { $0.1 == $0.2 ? nil : mismatch(footer, $0.0, $0.1, $0.2) }
  }

  /// Walks the key table and the keys of the segment side by side: both are sorted.
  private func keyProblems(
    _ footer: Footer,
    _ walk: SegmentWalk
  ) throws(LogError) -> [VerifyProblem] {
    var problems: [VerifyProblem] = []
    let slots = walk.survey.sortedSlots
    let table = footer.keys
    var next = 0
    var before: KeyHash?
    for index in 0..<table.count {
      let entry = try table.entry(index)
      if let before, entry.hash <= before {
        problems.append(mismatch(footer, "order of key \(index)"))
        return problems
      }
      before = entry.hash
      while next < slots.count, slots[next].hash < entry.hash {
        problems.append(mismatch(footer, "a key of the segment that the footer lacks"))
        next += 1
      }
      var ordinals: [UInt32] = []
      try footer.postings(entry, into: &ordinals)
      if next < slots.count, slots[next].hash == entry.hash {
        problems += entryProblems(footer, entry, ordinals, slots[next], index, walk)
        next += 1
      } else if !walk.survey.hasLosses {
        problems.append(mismatch(footer, "key \(index), which no event of the segment has"))
      }
      if problems.count > VerifyReport.problemsMax { return problems }
    }
    if next < slots.count {
      problems.append(
        mismatch(footer, "keys of the segment that the footer lacks", 0, UInt64(slots.count - next))
      )
    }
    return problems
  }

  private func entryProblems(
    _ footer: Footer,
    _ entry: KeyEntry,
    _ ordinals: [UInt32],
    _ slot: KeySlot,
    _ index: Int,
    _ walk: SegmentWalk
  ) -> [VerifyProblem] {
    let hasLosses = walk.survey.hasLosses
    var problems: [VerifyProblem] = []
    if entry.domain != slot.domain {
      problems.append(
        mismatch(footer, "domain of key \(index)", UInt64(slot.domain), UInt64(entry.domain))
      )
    }
    if entry.version != slot.version, !(hasLosses && entry.version > slot.version) {
      problems.append(mismatch(footer, "version of key \(index)", slot.version, entry.version))
    }
    let found = walk.survey.ordinals(of: slot)
    let agrees = hasLosses ? Set(ordinals).isSuperset(of: found) : ordinals == found
    if !agrees {
      problems.append(
        mismatch(footer, "events of key \(index)", UInt64(found.count), UInt64(ordinals.count))
      )
    }
    let older = keys.find(entry.hash).map { keys[$0].segment } ?? 0
    // A rewritten segment may have had the key when this footer was made.
    let named = resolved(entry.segment)
    if named != older, !hasLosses, !isRewritten(named) {
      problems.append(
        mismatch(
          footer,
          "segment before this one that has key \(index)",
          UInt64(older),
          UInt64(entry.segment)
        )
      )
    }
    return problems
  }

  /// Each sample must be the beginning of a frame.
  private func sampleProblems(
    _ footer: Footer,
    _ walk: SegmentWalk
  ) throws(LogError) -> [VerifyProblem] {
    let frames = walk.survey.frames
    var next = 0
    for index in 0..<Int(clamping: footer.header.samples.count) {
      let sample = try footer.sample(index)
      while next < frames.count, frames[next].ordinal < sample.ordinal { next += 1 }
      let isThere =
        next < frames.count && frames[next].ordinal == sample.ordinal
        && frames[next].units == sample.units
      if !isThere, !walk.survey.hasLosses {
        return [mismatch(footer, "frame sample \(index)")]
      }
    }
    if footer.header.samples.count == 0, walk.survey.eventCount > 0 {
      return [mismatch(footer, "frame samples", 1, 0)]
    }
    return []
  }

  private func nameProblems(
    _ footer: Footer,
    _ walk: SegmentWalk
  ) throws(LogError) -> [VerifyProblem] {
    let survey = walk.survey
    if survey.hasLosses { return [] }
    var problems: [VerifyProblem] = []
    let listed = try footer.types()
    if listed.count != survey.typeCounts.count {
      problems.append(
        mismatch(footer, "types", UInt64(survey.typeCounts.count), UInt64(listed.count))
      )
    }
    for type in listed {
      let count = survey.typeCounts[type.number] ?? 0
      if count != type.count || types.name(type.number) ?? "" != type.name {
        problems.append(mismatch(footer, "events of type \(type.number)", count, type.count))
      }
    }
    if let categories = try footer.categories(), categories != survey.categories.sorted() {
      problems.append(
        mismatch(
          footer,
          "categories",
          UInt64(survey.categories.count),
          UInt64(categories.count)
        )
      )
    }
    return problems
  }
}
