internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A regular file of the operating system.
package final class SystemFile: LogFile {
  package let name: String
  private let descriptor: FileDescriptor

  /// How much is written at a time where blocks can only be reserved by writing.
  ///
  /// Larger pieces make the page cache build larger units, which a small sync later writes back
  /// whole.
  private static let zeroBytesMax = 64 * 1024

  /// How much is read without a look at the size.
  private static let unaskedBytesMax = 64 * 1024

  /// Takes over a descriptor of a regular file.
  init(_ descriptor: consuming FileDescriptor, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  package func size() throws(LogError) -> Int { Int(try descriptor.status(label: name).st_size) }

  package func read(_ count: Int, at offset: Int) throws(LogError) -> [UInt8] {
    // Not more than the file has: a count from damaged bytes must not become an allocation. Of a
    // little it is not worth asking for that.
    let available =
      count <= SystemFile.unaskedBytesMax ? count : min(count, max(0, try size() - offset))
    guard available > 0 else { return [] }
    var failure: LogError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: available) { target, filled in
      do throws(LogError) {
        while filled < available {
          let rest = unsafe target[filled...]
          let start = unsafe UnsafeMutableBufferPointer(rebasing: rest)
          let position = offset + filled
          let received = try retryingInterrupts(.read, name) {
            unsafe pread(descriptor.rawValue, start.baseAddress, start.count, position)
          }
          if received == 0 { return }
          filled += received
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  package func write(
    _ head: Span<UInt8>,
    _ tail: Span<UInt8>,
    at offset: Int
  ) throws(LogError) {
    try unsafe head.withUnsafeBytes { (head) throws(LogError) in
      try unsafe tail.withUnsafeBytes { (tail) throws(LogError) in
        var done = 0
        while done < head.count + tail.count {
          done += try unsafe writeOnce(head, tail, from: done, at: offset)
        }
      }
    }
  }

  /// Writes what the system takes at once of the two buffers, without their first `done` bytes;
  /// returns how much that was.
  private func writeOnce(
    _ head: UnsafeRawBufferPointer,
    _ tail: UnsafeRawBufferPointer,
    from done: Int,
    at offset: Int
  ) throws(LogError) -> Int {
    let headRest = unsafe UnsafeRawBufferPointer(rebasing: head.dropFirst(done))
    let tailRest = unsafe UnsafeRawBufferPointer(
      rebasing: tail.dropFirst(max(0, done - head.count))
    )
    let written = try retryingInterrupts(.write, name) {
      if unsafe headRest.isEmpty || tailRest.isEmpty {
        let rest = unsafe headRest.isEmpty ? tailRest : headRest
        return unsafe pwrite(descriptor.rawValue, rest.baseAddress, rest.count, offset + done)
      }
      // The calls take mutable pointers for reading and writing alike; this one only reads.
      let parts = unsafe [
        iovec(iov_base: .init(mutating: headRest.baseAddress), iov_len: .init(headRest.count)),
        iovec(iov_base: .init(mutating: tailRest.baseAddress), iov_len: .init(tailRest.count)),
      ]
      return unsafe pwritev(descriptor.rawValue, parts, 2, offset + done)
    }
    // No system does it, but taking it for progress would be an endless loop.
    if written == 0 { throw .failed(.write, file: name, errno: EIO) }
    return written
  }

  package func sync() throws(LogError) {
    // An interrupted call has not failed: it may be made again.
    _ = try retryingInterrupts(.sync, name) { fdatasync(descriptor.rawValue) }
  }

  package func startWriting(_ range: Range<Int>) {
    annals_start_writing(descriptor.rawValue, Int64(range.lowerBound), Int64(range.count))
  }

  package func allocate(_ byteCount: Int) throws(LogError) {
    let status = annals_fallocate(descriptor.rawValue, 0, Int64(byteCount))
    switch status {
    case 0: return
    case EOPNOTSUPP, ENOSYS: try writeZeros(through: byteCount)
    default: throw .failed(.allocate, file: name, errno: status)
    }
  }

  /// Reserves blocks by writing zeros from the end of the file on; bytes before stay as they are.
  package func writeZeros(through byteCount: Int) throws(LogError) {
    let zeros = [UInt8](repeating: 0, count: SystemFile.zeroBytesMax)
    var offset = try size()
    while offset < byteCount {
      let count = min(zeros.count, byteCount - offset)
      try write(zeros.span.extracting(first: count), at: offset)
      offset += count
    }
  }

  package func releaseBlocks(behind offset: Int) {
    // Not where they could not be reserved again.
    guard let size = try? size(), offset < size, annals_fallocate(descriptor.rawValue, 0, 1) == 0
    else { return }
    annals_release(descriptor.rawValue, Int64(offset), Int64(size - offset))
  }

  package func clone(_ source: any LogFile) throws(LogError) -> Bool {
    guard let other = source as? SystemFile else { return false }
    let status = annals_clone(descriptor.rawValue, other.descriptor.rawValue)
    switch status {
    case 0: return true
    case EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL: return false
    default: throw .failed(.clone, file: name, errno: status)
    }
  }

  package func truncate(_ byteCount: Int) throws(LogError) {
    _ = try retryingInterrupts(.truncate, name) { ftruncate(descriptor.rawValue, byteCount) }
  }

  package func map(_ byteCount: Int, writable: Bool) throws(LogError) -> Mapping {
    let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
    let base = unsafe mmap(nil, byteCount, protection, MAP_SHARED, descriptor.rawValue, 0)
    guard let base = unsafe base, unsafe base != MAP_FAILED else {
      throw .failed(.map, file: name, errno: errno)
    }
    return unsafe Mapping(base: base, count: byteCount, owner: nil) { base, count in
      unsafe munmap(base, count)
    }
  }

  package func mapPinned(_ byteCount: Int) throws(LogError) -> Mapping? {
    guard annals_keeps_blocks(descriptor.rawValue) != 0 else { return nil }
    let mapping = try map(byteCount, writable: true)
    // What is locked is read in now and never given up: no later access fails or waits. Unmapping
    // unlocks.
    return unsafe mlock(mapping.address, byteCount) == 0 ? mapping : nil
  }

  package func contentEnd(from offset: Int) throws(LogError) -> Int {
    let size = try size()
    let end = Int(annals_content_end(descriptor.rawValue, Int64(offset), Int64(size)))
    // What is not known counts as content.
    return end < 0 ? max(offset, size) : end
  }

  package func dropCache(from offset: Int) {
    // Only advice: a system that does not take it reads from memory what it read before. It takes
    // whole pages.
    let start = offset & -Int(getpagesize())
    _ = posix_fadvise(descriptor.rawValue, start, 0, POSIX_FADV_DONTNEED)
  }
}
