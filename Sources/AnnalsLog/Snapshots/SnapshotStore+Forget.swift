// Nothing of an aggregate is left: neither its snapshots, dead or not, nor a dictionary that was
// made of them.

extension SnapshotStore {
  /// Removes every snapshot of an aggregate, superseded ones too, and the dictionaries that hold
  /// any of its states; durable on return.
  ///
  /// For erasure. What needed such a dictionary is compressed without it. Costs the reading of all
  /// snapshots, and the rewriting of each file that held something of the aggregate.
  ///
  /// - Throws: `.readOnly`, `.closed`; `.unsupportedVersion` and `.system` where it cannot be said
  ///   that nothing is left.
  package func forget(_ aggregate: AggregateID) throws(LogError) {
    try forget([core.hasher.hash(aggregate.text.utf8Span.span, .aggregate)])
  }

  /// As above for several aggregates at once, by their key hashes; nil for all.
  package func forget(_ hashes: Set<KeyHash>?) throws(LogError) {
    guard let directoryLock else { throw .readOnly }
    try work.withLock { () throws(LogError) in
      guard !isClosed, directoryLock.isHeldByProcess else { throw .closed }
      withState { $0.forgotten += 1 }
      prepareLocked()
      guard let directory else { return }
      trimTail()
      let condemned = withState { state -> Set<UInt32> in
        guard let hashes else {
          state.dictionaries.forgetAll()
          return Set(state.dictionaries.known.keys)
        }
        var condemned: Set<UInt32> = []
        for hash in hashes {
          condemned.formUnion(state.dictionaries.holding(hash))
          state.dictionaries.forget(hash)
        }
        return condemned
      }
      let affected = try filesHolding(hashes, condemned)
      if let tail, affected.contains(tail.file.number) { self.tail = nil }
      // First no new state is compressed with them; then those that were lose them.
      let retired = withState { $0.dictionaries.retire(condemned) }
      try rewrite(affected) { found, _ in !(hashes?.contains(found) ?? true) }
      withState { state in for number in retired { state.dictionaries.remove(number) } }
      try removeUnknownFiles(directory, condemned)
      try directory.sync()
    }
  }

  /// The files that hold a frame of any of the aggregates, dead or not, or one that needs a
  /// dictionary; also
  /// those that cannot be read to their end.
  private func filesHolding(
    _ hashes: Set<KeyHash>?,
    _ dictionaries: Set<UInt32>
  ) throws(LogError) -> [UInt32] {
    var numbers: [UInt32] = []
    let files = withState { $0.places.files }
    for number in files.keys.sorted() {
      guard let file = files[number]?.file else { continue }
      var isHolding = false
      let end = try? file.scan(from: SnapshotFile.firstFrame, core.hasher) { found, _ in
        if hashes?.contains(found.hash) ?? true { isHolding = true }
        if dictionaries.contains(UInt32(clamping: found.frame.dictionary)) { isHolding = true }
      }
      if isHolding || end == nil || (try? file.file.size()) != end { numbers.append(number) }
    }
    return numbers
  }

  /// Removes what could still hold the aggregate's bytes, by name, and everything that cannot be
  /// read; throws if that fails, or if a newer version wrote it.
  private func removeUnknownFiles(
    _ directory: any LogDirectory,
    _ dictionaries: Set<UInt32>
  ) throws(LogError) {
    let known = withState { (Set($0.places.files.keys), Set($0.dictionaries.known.keys)) }
    for name in try directory.names() {
      let snapshots = StoreFile.number(in: name, prefix: "", suffix: StoreFile.snapshotsSuffix)
      let index = StoreFile.number(in: name, prefix: "", suffix: StoreFile.snapshotIndexSuffix)
      let dictionary = StoreFile.number(
        in: name,
        prefix: "",
        suffix: StoreFile.snapshotDictionarySuffix
      )
      let isKnown =
        (snapshots ?? index).map { known.0.contains(UInt32(clamping: $0)) }
        ?? dictionary.map { known.1.contains(UInt32(clamping: $0)) } ?? true
      if isKnown, !name.hasSuffix(StoreFile.temporarySuffix) { continue }
      if let snapshots, let number = UInt32(exactly: snapshots) {
        do throws(LogError) {
          _ = try SnapshotFile.open(number, in: directory, .readOnly, core.storeID)
        } catch {
          if case .unsupportedVersion = error { throw error }
        }
      }
      try directory.remove(name)
    }
  }
}
