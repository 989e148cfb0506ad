internal import AnnalsLog

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// An open file of a simulated disk.
final class SimulatedFile: LogFile {
  let name: String
  private let disk: SimulatedFileSystem
  private let index: Int
  private let isWritable: Bool

  /// Creates a handle for the file with the given index on the disk.
  init(_ disk: SimulatedFileSystem, _ index: Int, name: String, isWritable: Bool) {
    self.disk = disk
    self.index = index
    self.name = name
    self.isWritable = isWritable
  }

  func size() throws(LogError) -> Int {
    try disk.perform(Operation(.size, name)) { (state) throws(Refusal) in
      state.files[index].size
    }
  }

  func read(_ count: Int, at offset: Int) throws(LogError) -> [UInt8] {
    checkRange(offset, count)
    let operation = Operation(.read, name, offset: offset, count: count)
    return try disk.perform(operation) { (state) throws(Refusal) in
      state.files[index].read(offset..<offset + count)
    }
  }

  func write(_ head: Span<UInt8>, _ tail: Span<UInt8>, at offset: Int) throws(LogError) {
    checkRange(offset, head.count + tail.count)
    try checkWritable(.write)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.count + tail.count)
    unsafe head.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    unsafe tail.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    try disk.write(bytes, at: offset, to: index, name)
  }

  func sync() throws(LogError) {
    try disk.sync(index, name)
  }

  func allocate(_ byteCount: Int) throws(LogError) {
    checkRange(0, byteCount)
    try checkWritable(.allocate)
    let operation = Operation(.allocate, name, count: byteCount)
    try disk.perform(operation) { (state) throws(Refusal) in
      guard state.allocate(byteCount, of: index) else { throw Refusal(ENOSPC) }
    }
  }

  func releaseBlocks(behind offset: Int) {
    checkRange(offset, 0)
    // Advice, so nobody hears of a failure.
    let operation = Operation(.release, name, offset: offset)
    try? disk.perform(operation) { (state) throws(Refusal) in
      state.release(behind: offset, of: index)
    }
  }

  func clone(_ source: any LogFile) throws(LogError) -> Bool {
    try checkWritable(.clone)
    guard let source = source as? SimulatedFile else { return false }
    let other = source.index
    return try disk.perform(Operation(.clone, name)) { (state) throws(Refusal) in
      guard state.canClone else { return false }
      let bytes = state.files[other].read(0..<state.files[other].size)
      guard state.write(bytes, at: 0, to: index) else { throw Refusal(ENOSPC) }
      return true
    }
  }

  func truncate(_ byteCount: Int) throws(LogError) {
    checkRange(0, byteCount)
    try checkWritable(.truncate)
    let operation = Operation(.truncate, name, count: byteCount)
    try disk.perform(operation) { (state) throws(Refusal) in
      state.truncate(byteCount, of: index)
    }
  }

  func map(_ byteCount: Int, writable: Bool) throws(LogError) -> Mapping {
    checkRange(0, byteCount)
    if writable { try checkWritable(.map) }
    let operation = Operation(.map, name, count: byteCount)
    let region = try disk.perform(operation) { (state) throws(Refusal) in
      guard byteCount > 0 else { throw Refusal(EINVAL) }
      return state.files[index].map(byteCount, writable: writable)
    }
    return unsafe Mapping(base: region.address, count: byteCount, owner: region, unmap: nil)
  }

  func mapPinned(_ byteCount: Int) throws(LogError) -> Mapping? {
    try map(byteCount, writable: true)
  }

  func dropCache(from offset: Int) {
    // Advice, so nobody hears of a failure.
    try? disk.perform(Operation(.dropCache, name, offset: offset)) { (state) throws(Refusal) in
      state.files[index].dropCache(from: offset & -4096)
    }
  }

  private func checkRange(_ offset: Int, _ count: Int) {
    precondition(offset >= 0 && count >= 0, "offsets and counts are not negative")
  }

  /// Refuses a change through a handle for reading, as the system does.
  private func checkWritable(_ kind: Operation.Kind) throws(LogError) {
    guard isWritable else { throw Refusal(EBADF).logError(Operation(kind, name)) }
  }
}
