/// What becomes of some events, counted.
struct SurveyTally {
  /// The events that were judged.
  var events = 0
  /// Those that leave.
  var removed = 0
  /// Those whose payload leaves.
  var emptied = 0
  /// The hidden ones that stay because a key is remembered.
  var held = 0
  /// The bytes that leave with all of them.
  var bytes = 0
  /// How many leave by which rule.
  var shares: [UInt64: Int] = [:]

  /// Adds a frame that was judged.
  mutating func add(
    _ frame: EventsFrame,
    _ header: FrameHeader,
    _ bytes: Span<UInt8>,
    _ verdicts: [EventJudge.Verdict]
  ) {
    events += frame.eventCount
    var leaving = 0
    var payloads = 0
    for (index, verdict) in verdicts.enumerated() {
      let payload = Int(truncatingIfNeeded: frame.payloadLengths.value(index, in: bytes))
      switch verdict {
      case .keep: continue
      case .redact:
        emptied += 1
        payloads += payload
      case .empty:
        held += 1
        emptied += 1
        payloads += payload
      case .hold: held += 1
      case .remove(let record):
        shares[record, default: 0] += 1
        leaving += 1
        payloads += payload
      }
    }
    removed += leaving
    // Of a compressed frame the bytes that leave take as much less as all of it does.
    let overhead = frame.byteCount - (frame.payloadsEnd - frame.payloadsOffset)
    let plain = payloads + overhead * leaving / max(1, frame.eventCount)
    self.bytes +=
      leaving == frame.eventCount
      ? header.byteCount : plain * header.byteCount / max(1, frame.byteCount)
  }

  /// Adds what a sample stands for: `factor` times what was found in it.
  mutating func add(_ sample: SurveyTally, times factor: Double) {
    func scaled(_ count: Int) -> Int { Int((Double(count) * factor).rounded()) }
    events += scaled(sample.events)
    removed += scaled(sample.removed)
    emptied += scaled(sample.emptied)
    held += scaled(sample.held)
    bytes += scaled(sample.bytes)
    for (record, count) in sample.shares { shares[record, default: 0] += scaled(count) }
  }
}
