#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// Memory at one address for the whole life of a simulated file: its page cache.
///
/// Address space is reserved far beyond the file's size, so that the file grows in place and a
/// mapping stays valid and current. Only touched pages cost memory.
@safe
final class MemoryRegion: @unchecked Sendable {
  // Checked how: the disk's lock guards every member; bytes read through a `Mapping` follow the
  // rules of the mapping.

  /// What is reserved when less is asked for: more than any file of a test.
  static let byteCountMin = 1 << 30

  /// How many bytes fit.
  let capacity: Int
  /// Bytes from here on were never written, and are zero.
  private(set) var extent = 0
  private let base: UnsafeMutableRawPointer

  /// Reserves at least `byteCount` bytes, all zero.
  init(_ byteCount: Int) {
    let reservation = Reservation.take(max(byteCount, Self.byteCountMin))
    unsafe base = reservation.base
    capacity = reservation.byteCount
  }

  deinit {
    unsafe Reservation(base: base, byteCount: capacity).give(touched: extent)
  }

  /// The address of the first byte.
  @unsafe var address: UnsafeMutableRawPointer { unsafe base }

  /// Notes that the first `byteCount` bytes may be written by others.
  func expose(_ byteCount: Int) {
    precondition(byteCount <= capacity, "a mapping lies inside the reservation")
    extent = max(extent, byteCount)
  }

  /// Overwrites the bytes from `offset` on.
  func write(_ bytes: [UInt8], at offset: Int) {
    precondition(offset >= 0 && offset + bytes.count <= capacity, "a write fits the reservation")
    guard !bytes.isEmpty else { return }
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      unsafe memcpy(base + offset, start, source.count)
    }
    extent = max(extent, offset + bytes.count)
  }

  /// Makes all bytes from `offset` on zero.
  func clear(from offset: Int) {
    guard offset < extent else { return }
    unsafe memset(base + offset, 0, extent - offset)
    extent = offset
  }

  /// A copy of the bytes in `range`.
  func read(_ range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "a read is inside")
    return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { target, count in
      if let start = target.baseAddress {
        unsafe memcpy(start, base + range.lowerBound, range.count)
      }
      count = range.count
    }
  }
}

/// Reserved address space, kept for the next file when one is done with it.
///
/// A crash exploration opens thousands of short-lived disks per second. Handing a small region on,
/// zeroed by hand, spares each of them two system calls and all of its page faults.
@safe
private struct Reservation: @unchecked Sendable {
  // Checked how: a reservation has one owner, or is in the pool.
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// More than this is given back to the kernel rather than zeroed by hand.
  private static let zeroedByteCountMax = 1 << 20
  /// As many files as a few disks have; the rest is unmapped.
  private static let pooledMax = 64
  private static let pool = Guarded<[Reservation]>([])

  /// A zeroed reservation of at least `byteCount` bytes.
  static func take(_ byteCount: Int) -> Reservation {
    if byteCount == MemoryRegion.byteCountMin, let pooled = pool.withLock({ $0.popLast() }) {
      return pooled
    }
    let address = unsafe mmap(
      nil,
      byteCount,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      -1,
      0
    )
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      preconditionFailure("address space for a simulated file is available")
    }
    // A huge page would be zeroed whole for a file of a few kilobytes.
    _ = unsafe madvise(address, byteCount, MADV_NOHUGEPAGE)
    return unsafe Reservation(base: address, byteCount: byteCount)
  }

  /// Takes the reservation back, of which the first `touched` bytes may not be zero.
  func give(touched: Int) {
    guard byteCount == MemoryRegion.byteCountMin else {
      unsafe munmap(base, byteCount)
      return
    }
    if touched <= Self.zeroedByteCountMax {
      unsafe memset(base, 0, touched)
    } else {
      _ = unsafe madvise(base, touched, MADV_DONTNEED)
    }
    let isPooled = Self.pool.withLock { pool in
      guard pool.count < Self.pooledMax else { return false }
      pool.append(self)
      return true
    }
    if !isPooled { unsafe munmap(base, byteCount) }
  }
}
