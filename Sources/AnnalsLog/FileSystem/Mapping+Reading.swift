#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension Mapping {
  /// Bytes of a file that were read by calls, as if they were mapped.
  package struct Reading: Sendable {
    /// The bytes; zeros where they could not be read.
    package var mapping: Mapping
    /// What could not be read, and why.
    package var unreadable: [(range: Range<Int>, error: LogError)] = []
  }

  /// How much one call reads, and how much is given up where the disk does not answer.
  private static let chunk = 1 << 20
  private static let block = 4096

  /// Reads the whole of `file` into memory: truncation and unreadable pages become facts.
  ///
  /// Memory is taken only for what is not zero, so that an unused tail costs none.
  package static func reading(
    _ file: any LogFile,
    progress: (Int) -> Void = { _ in }
  ) throws(LogError) -> Reading {
    let size = try file.size()
    guard let memory = unsafe calloc(max(size, 1), 1) else {
      preconditionFailure("memory for \(size) bytes")
    }
    var target = unsafe Target(base: memory, size: size)
    var unreadable: [(range: Range<Int>, error: LogError)] = []
    var offset = 0
    while offset < size {
      let count = min(chunk, size - offset)
      var got = count
      do throws(LogError) {
        got = unsafe target.fill(try file.read(count, at: offset), at: offset)
      } catch {
        // Piece by piece, so that no more is given up than the disk refuses.
        var start = offset
        while start < offset + count {
          let end = min(start + block, offset + count)
          do throws(LogError) {
            _ = unsafe target.fill(try file.read(end - start, at: start), at: start)
          } catch {
            if let last = unreadable.last, last.range.upperBound == start {
              unreadable[unreadable.count - 1].range = last.range.lowerBound..<end
            } else {
              unreadable.append((start..<end, error))
            }
          }
          start = end
        }
      }
      offset += got
      progress(got)
      // The file became shorter meanwhile.
      if got < count { break }
    }
    let mapping = unsafe Mapping(base: memory, count: offset, owner: nil) { base, _ in
      unsafe free(base)
    }
    return Reading(mapping: mapping, unreadable: unreadable)
  }

  /// Zeroed memory that is being filled.
  @unsafe
  private struct Target {
    let base: UnsafeMutableRawPointer
    let size: Int

    /// Puts `bytes` at `offset`, unless they are zeros, which are there already.
    mutating func fill(_ bytes: [UInt8], at offset: Int) -> Int {
      let count = unsafe min(bytes.count, size - offset)
      if bytes.span.isZero(0..<count) { return count }
      unsafe bytes.withUnsafeBytes { source in
        if let from = source.baseAddress {
          unsafe (base + offset).copyMemory(from: from, byteCount: count)
        }
      }
      return count
    }
  }
}

extension Mapping {
  /// Has the system begin to read a range of a mapped file from the disk, without waiting for it.
  ///
  /// Advice: promises nothing and reports nothing.
  package func startReading(_ range: Range<Int>) {
    let inside = range.clamped(to: 0..<count)
    let start = inside.lowerBound & -Int(getpagesize())
    unsafe madvise(address + start, inside.upperBound - start, MADV_WILLNEED)
  }
}
