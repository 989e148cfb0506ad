/// Which aggregates lost events, by the hashes in a damaged segment's footer, and their names, by
/// other events of theirs.
final class LostNames {
  /// Lost events of one aggregate in one loss.
  private struct Lost {
    var loss: Int
    var hash: KeyHash
    var events: Int
  }

  private var lost: [Lost] = []
  private var names: [KeyHash: AggregateID?] = [:]
  private var unnamed = 0

  /// Whether nothing is left to be looked for.
  var isResolved: Bool { unnamed == 0 }

  /// Takes up what a footer tells of the positions `runs`, whose losses stand in the report; the
  /// versions of aggregates whose newest events are lost.
  func add(
    _ runs: [ClosedRange<UInt64>],
    of segment: Segment,
    _ file: (any LogFile)?,
    _ storeID: StoreID,
    _ report: SalvageReport
  ) -> [Removal.LastVersion] {
    guard !runs.isEmpty, let file, let reading = try? Mapping.reading(file),
      let footer = try? Footer(
        reading.mapping,
        storeID: storeID,
        segment: segment.header,
        name: file.name
      )
    else { return [] }
    var versions: [Removal.LastVersion] = []
    let keys = footer.keys
    for index in 0..<keys.count {
      guard let entry = try? keys.entry(index), entry.count > 0,
        entry.domain == KeyHash.Domain.aggregate.rawValue
      else { continue }
      var ordinals: [UInt32] = []
      guard (try? footer.postings(entry, into: &ordinals)) != nil else { continue }
      let positions = ordinals.map { segment.base.position + UInt64($0) }
      for (number, loss) in report.lost.enumerated() where loss.file == segment.name {
        guard let range = loss.positions else { continue }
        let count = positions.count { $0 >= range.first.rawValue && $0 <= range.last.rawValue }
        if count == 0 { continue }
        lost.append(Lost(loss: number, hash: entry.hash, events: count))
        if names[entry.hash] == nil {
          names[entry.hash] = .some(nil)
          unnamed += 1
        }
      }
      if let last = positions.last, runs.contains(where: { $0.contains(last) }) {
        versions.append(Removal.LastVersion(hash: entry.hash, version: entry.version))
      }
    }
    return versions.sorted { $0.hash < $1.hash }
  }

  /// Takes up the names in a frame.
  func take(_ frame: EventsFrame, _ bytes: Span<UInt8>, _ hasher: KeyHasher) {
    if unnamed == 0 { return }
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      let count = Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
      let id = bytes.extracting(offset..<offset + count)
      offset += count
      let hash = hasher.hash(id, .aggregate)
      if let known = names[hash], known == nil {
        names[hash] = AggregateID(id.text)
        unnamed -= 1
      }
    }
  }

  /// Puts what was found into the report.
  func tell(_ report: inout SalvageReport) {
    for entry in lost {
      guard let name = names[entry.hash], let name else { continue }
      report.lost[entry.loss].aggregates.append(
        SalvageReport.Aggregate(id: name, events: entry.events)
      )
    }
    for index in report.lost.indices {
      report.lost[index].aggregates.sort { $0.id.text < $1.id.text }
      guard let range = report.lost[index].positions else { continue }
      let all = range.last.rawValue - range.first.rawValue + 1
      let named = report.lost[index].aggregates.reduce(0) { $0 + $1.events }
      report.lost[index].unnamedEvents = all - min(all, UInt64(named))
    }
  }
}
