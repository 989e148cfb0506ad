/// A file of the simulated disk: what programs see, what the platter holds, and what is between.
///
/// 1. Cached content = durable content with all pending changes, unless a sync has failed.
/// 2. `region == nil` means that no write is pending and the cached bytes are the durable ones.
/// 3. After a failed sync the cached bytes may show what will never be durable (`hasPhantoms`).
struct SimulatedInode: Sendable {
  /// The size programs see.
  private(set) var size = 0
  /// What a power cut leaves for sure.
  private(set) var durable = FileContent()
  /// The changes since the last sync, oldest first.
  private(set) var pending: [PendingChange] = []
  /// The blocks the file occupies.
  var blocks = BlockMap()
  private var region: MemoryRegion?
  private var hasPhantoms = false
  private var isMappedWritable = false

  /// The cached bytes in `range`, cut where the file ends.
  func read(_ range: Range<Int>) -> [UInt8] {
    let inside = range.clamped(to: 0..<size)
    guard let region else { return durable.read(inside) }
    return region.read(inside)
  }

  /// Writes to the cache.
  mutating func write(_ bytes: [UInt8], at offset: Int, sequence: inout Int) {
    guard !bytes.isEmpty else { return }
    materialize(offset + bytes.count).write(bytes, at: offset)
    append(.write(offset: offset, bytes: bytes), &sequence)
    if offset + bytes.count > size { resize(offset + bytes.count, sequence: &sequence) }
  }

  /// Sets the size in the cache.
  mutating func resize(_ byteCount: Int, sequence: inout Int) {
    guard byteCount != size else { return }
    if byteCount < size { materialize(byteCount).clear(from: byteCount) }
    size = byteCount
    append(.resize(byteCount), &sequence)
  }

  /// Writes zeros over what the file has behind `offset`; nothing where it is zeros already.
  mutating func clear(from offset: Int, sequence: inout Int) {
    let bytes = read(offset..<max(offset, size))
    guard let last = bytes.lastIndex(where: { $0 != 0 }) else { return }
    write([UInt8](repeating: 0, count: last + 1), at: offset, sequence: &sequence)
  }

  /// Makes everything pending durable.
  mutating func sync() {
    for change in pending { durable.apply(change) }
    durable.trim()
    pending.removeAll()
    for (offset, bytes) in mappedPieces() {
      durable.write(bytes, 0..<bytes.count, at: offset)
    }
    durable.trim()
  }

  /// What was stored through a mapping and is neither durable nor pending, by sectors of 512 bytes.
  private func mappedPieces() -> [(offset: Int, bytes: [UInt8])] {
    guard isMappedWritable, let region else { return [] }
    var truth = durable
    for change in pending { truth.apply(change) }
    truth.trim()
    let end = min(size, region.extent)
    return stride(from: 0, to: end, by: 512).compactMap { offset in
      let range = offset..<min(offset + 512, end)
      let bytes = region.read(range)
      return bytes == truth.read(range) ? nil : (offset, bytes)
    }
  }

  /// Loses every pending write for ever, while the cache goes on showing it.
  ///
  /// As on Linux: the pages count as clean afterwards, so the next sync succeeds and writes
  /// nothing. Sizes live in the journal, not in the page: they stay pending.
  mutating func failSync() {
    hasPhantoms = hasPhantoms || pending.contains { $0.isWrite }
    pending.removeAll { $0.isWrite }
  }

  /// Shows the durable bytes wherever nothing is pending.
  ///
  /// As on Linux, not where a mapping holds the pages.
  mutating func dropCache(from offset: Int) {
    guard hasPhantoms, isKnownUniquelyReferenced(&region), let region else { return }
    var truth = durable
    for change in pending { truth.apply(change) }
    truth.trim()
    region.write(Array(truth.bytes.dropFirst(offset)), at: offset)
    region.clear(from: max(offset, truth.bytes.count))
    hasPhantoms = hasPhantoms && offset > 0
  }

  /// The memory that a mapping of `byteCount` bytes shows.
  mutating func map(_ byteCount: Int, writable: Bool) -> MemoryRegion {
    let region = materialize(byteCount)
    if writable {
      region.expose(byteCount)
      isMappedWritable = true
    }
    return region
  }

  /// The file after the process died: the same cache in memory of its own, nothing more durable.
  ///
  /// What was stored through a mapping is pending like any write.
  func copied(sequence: inout Int) -> SimulatedInode {
    var copy = self
    copy.isMappedWritable = false
    guard let region else { return copy }
    for piece in mappedPieces() {
      copy.append(.write(offset: piece.offset, bytes: piece.bytes), &sequence)
    }
    copy.region = nil
    guard hasPhantoms || !copy.pending.isEmpty else { return copy }
    let memory = MemoryRegion(size)
    memory.write(region.read(0..<min(size, region.extent)), at: 0)
    copy.region = memory
    return copy
  }

  /// The file as the platter has it, with what is pending; nothing else when that is empty.
  ///
  /// What was stored through a mapping is pending like any write: the kernel writes such pages back
  /// when it likes.
  func withoutCache(sequence: inout Int) -> SimulatedInode {
    guard region != nil || size != durable.size || !pending.isEmpty else { return self }
    var bare = surviving(durable)
    bare.pending = pending
    for piece in mappedPieces() {
      bare.append(.write(offset: piece.offset, bytes: piece.bytes), &sequence)
    }
    bare.blocks = blocks
    return bare
  }

  /// The file after a power cut that left `content` of it.
  func surviving(_ content: FileContent) -> SimulatedInode {
    var survivor = SimulatedInode()
    survivor.durable = content
    survivor.size = content.size
    survivor.blocks = blocks
    survivor.blocks.release(from: content.size)
    return survivor
  }

  private mutating func append(_ kind: PendingChange.Kind, _ sequence: inout Int) {
    pending.append(PendingChange(sequence: sequence, kind: kind))
    sequence += 1
  }

  /// The file's memory, with room for `byteCount` bytes.
  private mutating func materialize(_ byteCount: Int) -> MemoryRegion {
    if let region, region.capacity >= byteCount { return region }
    precondition(
      region == nil || isKnownUniquelyReferenced(&region),
      "a mapped file of a simulated disk stays inside its first reservation"
    )
    let larger = MemoryRegion(max(byteCount, size))
    if let region {
      larger.write(region.read(0..<region.extent), at: 0)
    } else {
      larger.write(durable.read(0..<min(size, durable.bytes.count)), at: 0)
    }
    region = larger
    return larger
  }
}

extension PendingChange {
  /// Whether it changes bytes.
  fileprivate var isWrite: Bool {
    if case .write = kind { true } else { false }
  }
}
