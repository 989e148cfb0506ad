internal import AnnalsLog
internal import ArgumentParser

/// `annals verify`.
struct VerifyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks every checksum and invariant; changes nothing.",
    discussion: """
      Reads every byte of the store and goes on behind damage. Exits with 1 if it finds a problem. \
      Notes are no problems: a torn tail after a crash, a segment made ready in advance, a cache \
      that is missing or behind; the next opening deals with them. Works beside a writer and then \
      checks what that had published.

      --json prints one object: ok, events, aggregates, segments, snapshots, bytes, lastPosition, \
      problems (each with kind, file, offset, message and, where known, firstPosition and \
      lastPosition), problemsOmitted and notes (kind, file, offset, bytes).

      Examples:
        annals verify shop
        annals verify shop --json
      """
  )

  @OptionGroup var store: StoreArgument
  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let report = try verify()
    if output.json {
      var writer = JSONWriter()
      writer.report(report)
      try streams.output.write(taking: &writer)
    } else {
      for line in report.lines { try streams.output.writeLine(line) }
    }
    guard report.isOK else { throw CommandFailure(.problems, nil) }
  }

  private func verify() throws(LogError) -> VerifyReport {
    var progress: ProgressBar?
    let isJSON = output.json
    return try StoreVerifier.verify(store.path) { state in
      if progress == nil {
        progress = ProgressBar("verifying", unit: "bytes", total: state.bytesTotal, json: isJSON)
      }
      progress?.update(state.bytesDone)
    }
  }
}

extension VerifyReport {
  /// The report for a person.
  fileprivate var lines: [String] {
    var lines = problems.map { problem in
      let place = problem.offset.map { " at byte \($0)" } ?? ""
      return "problem: \(problem.file)\(place): \(problem.message)".printable
    }
    if problemsOmitted > 0 { lines.append("and \(problemsOmitted.grouped) more problems") }
    lines += notes.map { note in
      let place = note.offset.map { " at byte \($0)" } ?? ""
      let size = note.byteCount.map { ", \(ByteCount($0))" } ?? ""
      return "note: \(note.file)\(place): \(note.kind.words)\(size)".printable
    }
    let verdict = isOK ? "ok" : "damaged"
    lines.append(
      "\(verdict): \(events.grouped) events of \(aggregates.grouped) aggregates in"
        + " \(segments.grouped) segments, \(snapshots.grouped) snapshots, \(ByteCount(bytes)) read,"
        + " last position \(lastPosition.rawValue.grouped)"
    )
    return lines
  }
}

extension VerifyNote.Kind {
  /// What it is, in a few words.
  fileprivate var words: String {
    switch self {
    case .tornTail: "a torn tail, never acknowledged; the next opening ends the log before it"
    case .bytesBehindEnd: "bytes behind the end of a sealed segment, from an earlier torn tail"
    case .spareSegment: "a segment that is ready and not begun"
    case .unsyncedSegment: "a segment that was begun and never synced"
    case .missingFooter: "no footer yet; it is made when the store is next written"
    case .staleFooter: "the footer covers less than the segment holds; it is made anew"
    case .missingCheckpoint: "the index checkpoint is missing; footers answer for it"
    case .missingDictionary: "snapshots in it need a dictionary that is missing; replay answers"
    case .typesIncomplete: "names of types are missing here; the log has them"
    case .unlistedFile: "nothing refers to this file"
    case .leftover: "left by an interrupted write"
    case .damagedSlot: "this slot of a consumer is damaged; its other one counts"
    case .strayFile: "this file is none of the store's"
    case .stagedEvents: "written events, not framed yet; opening for writing takes them up"
    case .liveWriter: "a writer is at work; what it had published was checked"
    }
  }
}

extension JSONWriter {
  fileprivate mutating func report(_ report: VerifyReport) {
    object { writer in
      writer.member("ok", report.isOK)
      writer.member("events", report.events)
      writer.member("aggregates", report.aggregates)
      writer.member("segments", report.segments)
      writer.member("snapshots", report.snapshots)
      writer.member("bytes", report.bytes)
      writer.member("lastPosition", report.lastPosition.rawValue)
      writer.key("problems")
      writer.array { for problem in report.problems { $0.problem(problem) } }
      writer.member("problemsOmitted", report.problemsOmitted)
      writer.key("notes")
      writer.array { for note in report.notes { $0.note(note) } }
    }
    endLine()
  }

  private mutating func problem(_ problem: VerifyProblem) {
    object { writer in
      writer.member("kind", problem.kind.rawValue)
      writer.member("file", problem.file)
      writer.member("offset", problem.offset)
      writer.member("message", problem.message)
      if let positions = problem.positions {
        writer.member("firstPosition", positions.first.rawValue)
        writer.member("lastPosition", positions.last.rawValue)
      }
    }
  }

  private mutating func note(_ note: VerifyNote) {
    object { writer in
      writer.member("kind", note.kind.rawValue)
      writer.member("file", note.file)
      writer.member("offset", note.offset)
      writer.member("bytes", note.byteCount)
    }
  }
}
