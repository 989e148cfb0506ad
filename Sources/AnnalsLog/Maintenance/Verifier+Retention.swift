/// What rewritten segments say of what is missing in them, and what rules there are.
struct RemovalCheck {
  /// A run of positions, and the rule said to have removed it.
  struct Claim {
    var record: UInt64
    var run: ClosedRange<UInt64>
    var file: String
  }

  var claims: [Claim] = []
  /// The rules found in the log.
  var rules: [UInt64: PlacedRetention] = [:]
  /// Events that are not there: versions may be missing with them.
  var count: UInt64 = 0
}

extension Verification {
  /// The segment that an id leads to.
  func resolved(_ id: SegmentID) -> SegmentID { list?.replaced[id] ?? id }

  /// Whether a segment was made by compaction or salvage.
  func isRewritten(_ id: SegmentID) -> Bool {
    list?.segments.contains { $0.id == id && $0.isRewritten } ?? false
  }

  /// Takes up a rule.
  mutating func takeRule(_ frame: ControlFrame, _ walk: SegmentWalk) -> Bool {
    guard let placed = try? walk.segment.retention(frame) else { return false }
    removals.rules[placed.number] = placed
    return true
  }

  /// Takes up what a rewritten segment says is missing.
  mutating func takeRemoval(_ frame: ControlFrame, _ walk: inout SegmentWalk) -> Bool {
    guard walk.segment.isRewritten, let removal = walk.segment.removal(frame) else { return false }
    for entry in removal.versions { walk.survey.note(entry) }
    for group in removal.groups {
      for run in group.runs {
        walk.claimed.append(run)
        removals.claims.append(
          RemovalCheck.Claim(record: group.record, run: run, file: walk.segment.name)
        )
      }
    }
    walk.survey.lastPosition = lastPosition
    return true
  }

  /// Notes positions that a rewritten segment passes over.
  mutating func passGap(_ run: ClosedRange<UInt64>, _ walk: inout SegmentWalk) {
    walk.gaps.append(run)
    removals.count += UInt64(run.count)
  }

  /// Notes the gaps between the events of a frame.
  mutating func passGaps(
    in frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ walk: inout SegmentWalk
  ) {
    guard frame.hasPositions, walk.segment.isRewritten else { return }
    var expected = frame.firstPosition
    for index in 0..<frame.eventCount {
      let position = frame.position(index, bytes)
      if position > expected { passGap(expected...position - 1, &walk) }
      expected = position + 1
    }
  }

  /// What is missing in a rewritten segment must be what it says is missing, to the position.
  mutating func checkGaps(_ walk: SegmentWalk) {
    guard walk.segment.isRewritten, !walk.survey.hasLosses else { return }
    let claimed = Self.joined(walk.claimed)
    let gaps = Self.joined(walk.gaps)
    if claimed.hasOverlaps {
      add(removalProblem(walk.segment.name, "positions removed twice", nil))
    }
    if claimed.runs != gaps.runs {
      let odd = zip(claimed.runs, gaps.runs).first { $0 != $1 }
      let first = odd.map { min($0.lowerBound, $1.lowerBound) }
      add(removalProblem(walk.segment.name, "positions removed", first))
    }
  }

  /// Whether rules may be missing: they can be lost with events, also when a store was salvaged.
  var mayLackRules: Bool { lostEvents > 0 || removals.claims.contains { $0.record == 0 } }

  /// Every removal must have a rule that can remove, and that stands behind what it removed.
  mutating func checkRemovals() {
    let mayLackRules = mayLackRules
    for claim in removals.claims where claim.record != 0 {
      guard let placed = removals.rules[claim.record] else {
        if !mayLackRules {
          add(removalProblem(claim.file, "rule of a removal", claim.run.lowerBound))
        }
        continue
      }
      let canRemove: Bool =
        switch placed.record.kind {
        case .delete, .tombstone, .truncate: claim.run.upperBound < placed.nextPosition
        case .keepCount, .keepAge: placed.record.value > 0
        case .reopen, .redact, .skip: false
        }
      if !canRemove { add(removalProblem(claim.file, "rule of a removal", claim.run.lowerBound)) }
    }
  }

  /// The file with the rules must say what the log says.
  mutating func checkRetentionFile(_ name: String) {
    do throws(LogError) {
      let file = try root.openFile(name, .readOnly)
      let mapping = try Mapping.reading(file) { _ in }.mapping
      let found = try RetentionFile.decode(mapping, storeID: storeID, name: name)
      // One of another history is passed over.
      guard let manifest, found.historyID == manifest.historyID else {
        note(.strayFile, name)
        return
      }
      let differs = found.rules.contains { removals.rules[$0.number] != $0 }
      if lostEvents == 0, through == .max, differs || found.record > lastRecord {
        add(
          VerifyProblem(
            .mismatch,
            .retention,
            file: name,
            field: "rules",
            expected: UInt64(removals.rules.count),
            found: UInt64(found.rules.count)
          )
        )
      }
    } catch {
      add(VerifyProblem(error, .retention, file: name))
    }
  }

  private func removalProblem(
    _ file: String,
    _ field: String,
    _ position: UInt64?
  ) -> VerifyProblem {
    VerifyProblem(
      .mismatch,
      .controlFrame,
      file: file,
      positions: position.map { PositionRange(Position($0), Position($0)) },
      field: field
    )
  }

  private static func joined(
    _ runs: [ClosedRange<UInt64>]
  ) -> (runs: [ClosedRange<UInt64>], hasOverlaps: Bool) {
    var joined: [ClosedRange<UInt64>] = []
    var hasOverlaps = false
    for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard let last = joined.last, run.lowerBound <= last.upperBound + 1 else {
        joined.append(run)
        continue
      }
      if run.lowerBound <= last.upperBound { hasOverlaps = true }
      joined[joined.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
    }
    return (joined, hasOverlaps)
  }
}
