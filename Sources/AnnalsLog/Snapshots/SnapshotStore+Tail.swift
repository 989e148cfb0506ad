// The file that new snapshots go to: written, made durable, indexed, and given up.

extension SnapshotStore {
  /// Writes one encoded frame to the tail, and notes where it stands.
  func write(
    _ buffer: inout ByteBuffer,
    _ place: inout SnapshotPlaces.Place
  ) throws(LogError) {
    let limit = core.options.snapshotFileBytes
    if let tail, tail.end > SnapshotFile.firstFrame, tail.end + buffer.count > limit {
      try sealTail()
    }
    var tail = try openTail()
    tail.file.seal(&buffer, from: 0, at: tail.end)
    tail.pages.prepare(
      tail.file.file,
      behind: tail.end,
      through: tail.end + buffer.count,
      limit: limit,
      clock: core.options.clock
    )
    // Prepared whether the write fails or not.
    self.tail = tail
    do {
      try tail.file.file.write(buffer.bytes, at: tail.end)
    } catch {
      // On a full disk the place is written again. After any other failure nothing rests on it.
      if case .diskFull = error { throw error }
      loseTail()
      throw error
    }
    place.file = tail.file.number
    place.offset = UInt32(tail.end / FrameHeader.unit)
    tail.end += buffer.count
    let (number, end) = (tail.file.number, tail.end)
    withState { $0.places.files[number]?.end = end }
    self.tail = tail
  }

  /// The file that is written, made if there is none.
  private func openTail() throws(LogError) -> Tail {
    if let tail { return tail }
    let directory = try openDirectory()
    guard withState({ $0.isLoaded }) else {
      throw .corrupt(
        Corruption(file: StoreFile.snapshotsDirectory, offset: 0, .malformed(.snapshot))
      )
    }
    guard lastNumber < UInt32.max / 2 else {
      throw .limitExceeded(
        LimitExceeded(.snapshotBytes, value: Int(lastNumber), maximum: Int(UInt32.max / 2))
      )
    }
    let file = try SnapshotFile.create(lastNumber + 1, in: directory, core.storeID)
    lastNumber += 1
    let tail = Tail(file: file, end: SnapshotFile.firstFrame)
    withState {
      $0.places.files[file.number] = .init(file: file, end: SnapshotFile.firstFrame)
    }
    self.tail = tail
    return tail
  }

  private func openDirectory() throws(LogError) -> any LogDirectory {
    if let directory { return directory }
    let opened = try core.files.root.openDirectory(StoreFile.snapshotsDirectory, create: true)
    directory = opened
    return opened
  }

  /// Gives the tail up without making it durable: it is read as far as it can be.
  func loseTail() {
    if let tail { doubtful.insert(tail.file.number) }
    tail = nil
  }

  /// Makes the tail durable, indexes it and writes no more to it.
  func sealTail() throws(LogError) {
    guard let number = tail?.file.number else { return }
    trimTail()
    tail = nil
    try index(number)
  }

  /// Cuts what was prepared and not written; best effort.
  func trimTail() {
    guard let tail, tail.pages.zeroedThrough > tail.end else { return }
    try? tail.file.file.truncate(tail.end)
    self.tail?.pages = PreparedPages()
  }

  /// Makes a file durable and writes its index anew.
  private func index(_ number: UInt32) throws(LogError) {
    let known = withState { ($0.places.files[number], $0.places.index(of: number, core.storeID)) }
    guard let file = known.0, let index = known.1, let directory else { return }
    if file.indexedEnd == file.end || doubtful.contains(number) { return }
    do {
      try file.file.file.sync()
    } catch {
      doubtful.insert(number)
      throw error
    }
    var buffer = ByteBuffer(capacity: 4096 + index.entries.count * 40)
    index.encode(into: &buffer)
    // Makes also the file's own name durable.
    try core.files.replace(StoreFile.snapshotIndex(number), in: directory, with: buffer.bytes)
    withState { $0.places.files[number]?.indexedEnd = file.end }
  }

  /// Makes what was kept durable and gives the files up; best effort.
  package func close() {
    work.withLock {
      if isClosed { return }
      isClosed = true
      guard let directoryLock, directoryLock.isHeldByProcess else { return }
      trimTail()
      tail = nil
      // Also those that an earlier process did not come to.
      for number in withState({ $0.places.files.keys.sorted() }) { try? index(number) }
    }
  }
}
