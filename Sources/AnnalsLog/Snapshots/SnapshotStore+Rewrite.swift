// Files of which little counts any more are written anew.

extension SnapshotStore {
  /// Rewrites a file of which more than half is dead, if there is one.
  func rewriteDead() throws(LogError) {
    let minimum = core.options.snapshotRewriteBytesMin
    if let tail, tail.end >= minimum,
      withState({ $0.places.files[tail.file.number]?.isMostlyDead ?? false })
    {
      try sealTail()
    }
    let written = tail?.file.number
    let dead = withState { state in
      state.places.files.first { $0.key != written && $0.value.isMostlyDead }?.key
    }
    guard let dead else { return }
    try rewrite([dead]) { _, _ in true }
    withState { $0.counts.rewritten += 1 }
    dropUnusedDictionaries()
  }

  /// Copies what counts in some files, none of them the tail, behind the others and removes them.
  ///
  /// A state whose dictionary is superseded is compressed anew.
  func rewrite(
    _ numbers: [UInt32],
    keeping isKept: (KeyHash, SnapshotPlaces.Place) -> Bool
  ) throws(LogError) {
    guard let directory else { return }
    for number in numbers {
      let (places, file) = withState { state in
        (state.places.places(in: number), state.places.files[number]?.file)
      }
      guard let file else { continue }
      for (hash, place) in places {
        guard isKept(hash, place),
          let (bytes, frame) = try? file.read(at: place.byteOffset, byteCount: place.byteCount)
        else {
          withState { $0.places.remove(hash, at: place) }
          continue
        }
        try move(hash, place, bytes, frame)
      }
    }
    // Before what they were copied from is gone.
    if let tail {
      do {
        try tail.file.file.sync()
      } catch {
        loseTail()
        throw error
      }
    }
    withState { $0.places.remove(Set(numbers)) }
    for number in numbers { removeFile(number, directory) }
  }

  private func move(
    _ hash: KeyHash,
    _ place: SnapshotPlaces.Place,
    _ bytes: [UInt8],
    _ frame: SnapshotFrame
  ) throws(LogError) {
    let isCurrent = withState { $0.dictionaries.isCurrent(place.dictionary) }
    if place.dictionary != 0, !isCurrent {
      guard let state = decompress(bytes, frame) else {
        withState { $0.places.remove(hash, at: place) }
        return
      }
      let id = bytes.span.extracting(frame.idOffset..<frame.idOffset + frame.idCount)
      _ = try append(frame, id, state, hash, isConfirmed: place.isConfirmed)
      return
    }
    var buffer = ByteBuffer(capacity: bytes.count)
    buffer.append(bytes.span)
    var moved = place
    try write(&buffer, &moved)
    let written = moved
    withState { $0.places.put(written, hash) }
  }
}
