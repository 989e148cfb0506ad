/// What an earlier writer left when it died.
extension LogOpener {
  /// Whether a file is what an interrupted compaction left: half of a new segment, one that no list
  /// has, or one that was replaced.
  private func isLeftover(_ name: String) -> Bool {
    if name.hasSuffix(StoreFile.temporarySuffix) {
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .temporaryFilesNotSwept { return false }
      #endif
      return true
    }
    let number =
      StoreFile.number(in: name, prefix: "", suffix: ".segment")
      ?? StoreFile.number(in: name, prefix: "", suffix: ".footer")
    guard let number, let id = SegmentID(exactly: number) else { return false }
    if list.segments.contains(where: { $0.id == id }) { return false }
    if list.replaced[id] != nil { return true }
    if name.hasSuffix(".footer") { return !names(id) }
    guard let file = try? core.files.log.openFile(name, .readOnly),
      let bytes = try? file.read(HeaderBlock.byteCount, at: 0),
      let header = try? SegmentHeader.decode(bytes.span, file: name)
    else { return false }
    return header.storeID == core.storeID && header.segmentID == id
      && header.rewrittenThrough != nil
  }

  /// Whether there is a file of the segment.
  private func names(_ id: SegmentID) -> Bool {
    (try? core.files.hasSegment(id)) ?? true
  }

  /// Removes what a writer left that died while it made files: segments that were never listed,
  /// and half of a file.
  ///
  /// Only where the newest manifest led to the list, so that no later one can have named them, and
  /// only those that were never begun.
  mutating func sweep() {
    let isNewest = !isRebuilt && !report.findings.contains { $0.kind == .manifestSlotIgnored }
    guard isWritingAllowed, isNewest, let names = try? core.files.log.names() else { return }
    // Footers last: they follow their segments.
    let ordered =
      names.filter { !$0.hasSuffix(".footer") } + names.filter { $0.hasSuffix(".footer") }
    for name in ordered where isLeftover(name) {
      guard (try? core.files.log.remove(name)) != nil else { continue }
      report.findings.append(
        .init(StoreFile.logDirectory + "/" + name, .leftoverRemoved)
      )
    }
    sweepLists()
    for name in names {
      guard name.hasSuffix(".segment"), let id = SegmentID(name.dropLast(8)),
        id >= list.nextSegment,
        let file = try? core.files.log.openFile(name, .readOnly),
        let start = try? file.read(HeaderBlock.byteCount, at: 0),
        start.span.isZero(0..<start.count),
        (try? core.files.log.remove(name)) != nil
      else { continue }
      report.findings.append(.init(file.name, .leftoverRemoved))
    }
    sweepRoot()
  }

  /// Removes half-written lists, checkpoints and rules, and whole ones that nothing leads to.
  private mutating func sweepRoot() {
    for name in (try? core.files.root.names()) ?? [] where isRootLeftover(name) {
      guard (try? core.files.root.remove(name)) != nil else { continue }
      report.findings.append(.init(name, .leftoverRemoved))
    }
  }

  private func isRootLeftover(_ name: String) -> Bool {
    let suffix = StoreFile.temporarySuffix
    if name.hasSuffix(suffix) {
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .temporaryFilesNotSwept { return false }
      #endif
      return ["segments-", "index-", "retention-"].contains {
        StoreFile.number(in: name, prefix: $0, suffix: suffix) != nil
      }
    }
    if let generation = StoreFile.number(in: name, prefix: "segments-") {
      // The generation before stays for the other slot of the manifest, the next is yet to be led
      // to.
      return generation + 1 < list.generation
    }
    guard let generation = StoreFile.number(in: name, prefix: "index-") else { return false }
    return !list.checkpoints.contains { $0.generation == generation }
  }

  /// Removes the segment lists that no slot of the manifest leads to: the newest counts, and the
  /// one before may be the other slot's.
  private mutating func sweepLists() {
    let newest = manifest.listGeneration
    for name in (try? core.files.root.names()) ?? [] {
      guard let number = StoreFile.number(in: name, prefix: "segments-"),
        number > newest || number + 1 < newest,
        (try? core.files.root.remove(name)) != nil
      else { continue }
      report.findings.append(.init(name, .leftoverRemoved))
    }
  }
}
