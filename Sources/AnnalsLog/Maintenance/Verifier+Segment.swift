/// A segment that is being checked.
struct SegmentWalk {
  var segment: Segment
  var survey: SegmentSurvey
  var footer: Footer?
  let content = FrameContent()
  var offset = Segment.firstFrame
  /// Up to here the segment is known to have been durable.
  var durableEnd: Int
  /// Where it ends, if that is known.
  var knownEnd: Int?
  /// The offset behind the last byte that may belong to a frame.
  var limit: Int
  /// What the manifest notes of a place in this segment.
  var mark: Manifest.Tail?
  var isMarkSeen = false
  var isFooterChecked = false
  /// Positions between those that are there.
  var gaps: [ClosedRange<UInt64>] = []
  /// Positions that the segment says were removed.
  var claimed: [ClosedRange<UInt64>] = []
}

extension Verification {
  /// Checks one listed segment with its footer, and the checkpoints that end with it.
  mutating func checkSegment(_ index: Int) {
    let entry = files[index].entry
    report.segments += 1
    defer { checkCheckpoints(endingWith: entry.id) }
    // Before what it tells of: beside a writer this segment may grow, and end, until it is read.
    let successor = index + 1 < files.count ? successorHeader(files[index + 1], of: entry) : nil
    guard let file = files[index].segment, let reading = read(file, nil) else {
      skip(entry)
      return
    }
    let mapping = reading.mapping
    checkCatalog(entry.id, mapping, file.name)
    if entry.isSealed, UInt64(mapping.count) < entry.end {
      add(
        VerifyProblem(
          .truncatedFile,
          file: file.name,
          expected: entry.end,
          found: UInt64(mapping.count)
        )
      )
    }
    if isBegunSince(entry, mapping) {
      report.segments -= 1
      return
    }
    guard
      let header = checkHeader(
        entry,
        file,
        mapping,
        isKnown: successor != nil || manifest?.tail.segment == entry.id
      )
    else {
      report.segments -= 1
      return
    }
    let segment = Segment(
      name: file.name,
      in: log,
      mapping: mapping,
      header: header,
      entry: entry
    )
    var survey = SegmentSurvey(
      segment,
      storeID: storeID,
      record: lastRecord,
      keySequence: keySequence
    )
    survey.hasLosses = lostEvents > 0
    var walk = SegmentWalk(
      segment: segment,
      survey: survey,
      footer: openFooter(index, segment),
      durableEnd: 0,
      limit: mapping.count
    )
    setBounds(&walk, entry, successor)
    self.walk(&walk)
    finish(&walk, entry)
  }

  /// A segment that can not be read at all: its events are lost.
  private mutating func skip(_ entry: SegmentList.Entry) {
    if entry.isSealed, entry.lastPosition != .max, entry.lastPosition > lastPosition {
      lostEvents += entry.lastPosition - lastPosition
      lastPosition = entry.lastPosition
      lastRecord = entry.lastRecord
      keySequence = entry.keySequence
    } else {
      lostEvents += 1
    }
    previous = nil
  }

  /// Whether the writer beside the check began the segment behind all that is checked: how the one
  /// before ends was not looked at.
  private func isBegunSince(_ entry: SegmentList.Entry, _ mapping: Mapping) -> Bool {
    guard through != .max, !entry.isSealed, lastPosition >= through, lastRecord >= throughRecord,
      let header = try? SegmentHeader.decode(mapping.bytes, file: "")
    else { return false }
    return header.segmentID == entry.id && header.salt == entry.salt
      && header.basePosition > lastPosition
  }

  /// The header of the segment behind `entry`, if it is begun: proof that `entry` is whole.
  private func successorHeader(
    _ next: SegmentFiles,
    of entry: SegmentList.Entry
  ) -> SegmentHeader? {
    guard let bytes = try? next.segment?.read(HeaderBlock.byteCount, at: 0),
      let header = try? SegmentHeader.decode(bytes.span, file: ""),
      header.segmentID == next.entry.id, header.salt == next.entry.salt,
      header.predecessorID == entry.id
    else { return nil }
    return header
  }

  private func setBounds(
    _ walk: inout SegmentWalk,
    _ entry: SegmentList.Entry,
    _ successor: SegmentHeader?
  ) {
    if entry.isSealed {
      walk.knownEnd = Int(clamping: entry.end)
    } else if let successor {
      walk.knownEnd = Int(clamping: successor.predecessorEnd)
    }
    walk.durableEnd = walk.knownEnd ?? 0
    if let manifest, manifest.tail.segment == entry.id {
      walk.mark = manifest.tail
      let end = Int(clamping: manifest.tail.end)
      walk.durableEnd = max(walk.durableEnd, end)
      if manifest.isClosed, walk.knownEnd == nil { walk.knownEnd = end }
    }
    walk.limit = min(walk.segment.mapping.count, walk.knownEnd ?? .max)
  }

  // MARK: Header

  /// The segment's header, checked, or what the list knows of it; nil if it was never begun.
  private mutating func checkHeader(
    _ entry: SegmentList.Entry,
    _ file: any LogFile,
    _ mapping: Mapping,
    isKnown: Bool
  ) -> SegmentHeader? {
    var restored = SegmentHeader(
      storeID: storeID,
      segmentID: entry.id,
      salt: entry.salt,
      basePosition: entry.isSealed ? entry.basePosition : lastPosition + 1,
      baseTime: entry.baseTime,
      baseRecord: lastRecord,
      predecessorID: previous?.id ?? 0,
      predecessorChecksum: previous?.checksum ?? 0,
      predecessorEnd: previous?.end ?? 0
    )
    if entry.isRewritten { restored.rewrittenThrough = entry.lastPosition }
    if restored.basePosition == 0 { restored.basePosition = lastPosition + 1 }
    var problem: VerifyProblem?
    var isForeign = FileHeader.isOfAnotherKind(mapping.bytes)
    do throws(LogError) {
      if let header = try SegmentHeader.decode(mapping.bytes, file: file.name) {
        guard header.segmentID == entry.id, header.storeID == storeID, header.salt == entry.salt
        else {
          isForeign = true
          throw .corrupt(Corruption(file: file.name, offset: 0, .identity))
        }
        if header.basePosition > 0, header.basePosition < UInt64(Int64.max) {
          checkContinuation(header, entry, file.name)
          return header
        }
        throw .corrupt(Corruption(file: file.name, offset: 0, .malformed(.segmentHeader)))
      }
      problem = VerifyProblem(.erased, .segmentHeader, file: file.name, offset: 0)
    } catch {
      problem = VerifyProblem(error, .segmentHeader, file: file.name)
    }
    let probe = Segment(
      name: file.name,
      in: log,
      mapping: mapping,
      header: restored,
      entry: entry
    )
    // Beside a writer: what it has published was there before the header was looked at. Where all
    // of that was checked, frames behind a header that was missed may have come since.
    let isUnpublished =
      through != .max && lastPosition >= through && lastRecord >= throughRecord
    if entry.isSealed || isKnown || !isUnpublished && hasDurableFrames(probe) {
      if let problem { add(problem) }
      return restored
    }
    let isLeft = isUnpublished || restored.isLeft(in: mapping.bytes)
    let content = Segment.firstFrame..<max(Segment.firstFrame, mapping.count)
    let isShort = mapping.count < HeaderBlock.byteCount
    if isForeign || isShort || !isLeft && !mapping.bytes.isZero(content), let problem {
      if !isForeign,
        probe.resync(from: Segment.firstFrame, limit: .max, after: lastPosition) != nil
      {
        add(problem)
        return restored
      }
      // No crash leaves another file's header, or none of this one: what stood here is lost.
      add(problem)
      lostEvents += 1
      return nil
    }
    let isUntouched = mapping.bytes.isZero(0..<mapping.count)
    note(isUntouched ? .spareSegment : .unsyncedSegment, file.name)
    return nil
  }

  private func hasDurableFrames(_ segment: Segment) -> Bool {
    var offset = Segment.firstFrame
    var position = segment.base.position - 1
    while let found = segment.resync(
      from: offset,
      limit: segment.mapping.count,
      after: position
    ) {
      if segment.durableEnd(at: found.offset, found.header) > Segment.firstFrame { return true }
      if let last = segment.lastPosition(at: found.offset, found.header) { position = last }
      offset = found.offset + found.header.byteCount
    }
    return false
  }

  /// Whether a header says of its segment and the one before what list and frames say.
  private mutating func checkContinuation(
    _ header: SegmentHeader,
    _ entry: SegmentList.Entry,
    _ file: String
  ) {
    var wrong: [(String, UInt64, UInt64)] = []
    if header.basePosition != lastPosition + 1 {
      wrong.append(("base position", lastPosition + 1, header.basePosition))
      if header.basePosition > lastPosition + 1 {
        lostEvents += header.basePosition - 1 - lastPosition
      }
    }
    if header.baseTime != entry.baseTime {
      wrong.append(
        ("base time", UInt64(bitPattern: entry.baseTime), UInt64(bitPattern: header.baseTime))
      )
    }
    if !mayLackRules, header.baseRecord != lastRecord {
      wrong.append(("record", lastRecord, header.baseRecord))
    }
    let rewritten = entry.isRewritten ? entry.lastPosition : nil
    if header.rewrittenThrough != rewritten {
      wrong.append(("last position", rewritten ?? 0, header.rewrittenThrough ?? 0))
    }
    // What a segment that was replaced since was like, its header tells no one any more.
    let isReplaced = list?.replaced[header.predecessorID] != nil
    if let previous, !entry.isRewritten, !isReplaced {
      if header.predecessorID != previous.id {
        wrong.append(("predecessor", UInt64(previous.id), UInt64(header.predecessorID)))
      } else if previous.isWhole {
        if header.predecessorEnd != previous.end {
          wrong.append(("predecessor's end", previous.end, header.predecessorEnd))
        }
        if header.predecessorChecksum != previous.checksum {
          wrong.append(
            (
              "predecessor's last checksum", UInt64(previous.checksum),
              UInt64(header.predecessorChecksum)
            )
          )
        }
      }
    }
    for (field, expected, found) in wrong {
      add(
        VerifyProblem(
          .mismatch,
          .segmentHeader,
          file: file,
          offset: 0,
          field: field,
          expected: expected,
          found: found
        )
      )
    }
  }
}
