import Foundation

/// A file without a store: what the machine does at best.
final class RawFile {
  private let descriptor: CInt
  private let byteCount: Int

  /// A file of `byteCount` bytes, its blocks written with zeros and made durable, so that neither a
  /// write nor a sync has metadata to change.
  ///
  /// Zeroed in pieces of 64 KiB: larger ones make the kernel keep the file in units that cost more
  /// to write into.
  init(_ path: String, byteCount: Int) throws {
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    self.byteCount = byteCount
    if descriptor < 0 { throw Failure("open \(path): errno \(errno)") }
    let zeros = [UInt8](repeating: 0, count: 64 << 10)
    var offset = 0
    while offset < byteCount {
      try write(zeros.span, at: offset)
      offset += zeros.count
    }
    sync()
  }

  deinit {
    close(descriptor)
  }

  @inline(__always)
  func write(_ bytes: Span<UInt8>, at offset: Int) throws {
    let written = unsafe bytes.withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset)
    }
    if written != bytes.count { throw Failure("pwrite: errno \(errno)") }
  }

  @inline(__always)
  func sync() {
    fdatasync(descriptor)
  }

  /// Calls `body` with all bytes of the file, mapped for reading.
  func withMapping<R>(_ body: (Span<UInt8>) throws -> R) throws -> R {
    let start = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      throw Failure("mmap: errno \(errno)")
    }
    defer { unsafe munmap(start, byteCount) }
    let raw = unsafe UnsafeRawBufferPointer(start: start, count: byteCount)
    return try body(unsafe Span<UInt8>(_unsafeBytes: raw))
  }
}

/// The plainest group commit: whoever finds nobody writing takes all that is queued, writes it with
/// one call and syncs it with another, while the next group fills.
final class RawGroupWriter: @unchecked Sendable {
  // Checked how: all state is touched only while `condition` is held, but for the bytes of the
  // group being written, which only its leader has.
  private let file: RawFile
  private let condition = NSCondition()
  private let limit: Int
  private var queued: [UInt8] = []
  private var offset = 0
  private var isWriting = false
  private var group = 1
  private var settled = 0

  /// A writer that starts over when it has filled `limit` bytes.
  init(_ file: RawFile, limit: Int) {
    self.file = file
    self.limit = limit
  }

  /// Appends a record and returns when it is durable.
  func append(_ record: [UInt8]) throws {
    condition.lock()
    defer { condition.unlock() }
    queued.append(contentsOf: record)
    let mine = group
    while settled < mine {
      if isWriting {
        condition.wait()
        continue
      }
      isWriting = true
      let bytes = queued
      let number = group
      queued.removeAll(keepingCapacity: true)
      group += 1
      if offset + bytes.count > limit { offset = 0 }
      let start = offset
      offset += bytes.count
      condition.unlock()
      try file.write(bytes.span, at: start)
      file.sync()
      condition.lock()
      isWriting = false
      settled = number
      condition.broadcast()
    }
  }
}
