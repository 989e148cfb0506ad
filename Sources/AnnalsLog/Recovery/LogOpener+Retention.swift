extension LogOpener {
  /// Takes up the newest retention file of this history; what it lacks stands in the log.
  mutating func readRetention() {
    guard let names = try? core.files.root.names() else { return }
    let records = names.compactMap { StoreFile.number(in: $0, prefix: "retention-") }
    for record in records.sorted(by: >) {
      let name = StoreFile.retention(record)
      guard let file = try? core.files.root.openFile(name, .readOnly),
        let mapping = try? StoreFiles.mapAll(file),
        let found = try? RetentionFile.decode(mapping, storeID: core.storeID, name: name),
        found.historyID == core.historyID, found.record == record
      else { continue }
      for rule in found.rules { core.retention.apply(rule) }
      retentionFile = record
      return
    }
  }

  /// Takes up the rules in a sealed segment that no file told of.
  mutating func takeRules(_ segment: Segment) throws(LogError) {
    let entry = segment.current.entry
    if entry.lastRecord <= core.retention.lastTaken { return }
    try takeRules(segment, through: Int(clamping: entry.end))
  }

  /// Takes up the rules in a segment's frames up to the offset `end`.
  mutating func takeRules(_ segment: Segment, through end: Int) throws(LogError) {
    let retention = core.retention
    do throws(LogError) {
      try segment.forEachControl(through: end) { frame throws(LogError) in
        if frame.subject == .retention { retention.apply(try segment.retention(frame)) }
      }
    } catch {
      guard case .corrupt(let corruption) = error, !isWritingAllowed else { throw error }
      damages.append(corruption)
    }
  }
}
