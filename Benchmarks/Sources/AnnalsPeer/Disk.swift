import Foundation

/// What the phases ask of the file system, as in `util.cpp`.
enum Disk {
  /// Every regular file below the directory.
  static func files(_ directory: String) -> [String] {
    guard let walker = FileManager.default.enumerator(atPath: directory) else { return [] }
    var paths: [String] = []
    for case let name as String in walker {
      let path = directory + "/" + name
      var status = stat()
      if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        paths.append(path)
      }
    }
    return paths
  }

  /// The bytes of the allocated blocks, and the lengths.
  static func usage(_ directory: String) -> (allocated: Int, apparent: Int) {
    var usage = (allocated: 0, apparent: 0)
    for path in files(directory) {
      var status = stat()
      guard unsafe lstat(path, &status) == 0 else { continue }
      usage.allocated += Int(status.st_blocks) * 512
      usage.apparent += Int(status.st_size)
    }
    return usage
  }

  /// Flushes and evicts the page cache of every file below the directory (all of it with `all`).
  static func evict(_ directory: String, all: Bool) throws {
    for path in files(directory) {
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { continue }
      fsync(descriptor)
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
      close(descriptor)
    }
    if all {
      sync()
      let descriptor = unsafe open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0, unsafe write(descriptor, "3", 1) == 1 else {
        throw Failure("cannot drop caches (root needed)")
      }
      close(descriptor)
    }
  }

  /// Reads every file below the directory once, in order; gives the bytes read.
  @discardableResult
  static func readAll(_ directory: String) -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    for path in files(directory) {
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { continue }
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
      var status = stat()
      unsafe fstat(descriptor, &status)
      // Only what has blocks: holes cost nothing to read.
      var left = min(Int(status.st_size), Int(status.st_blocks) * 512)
      while left > 0 {
        let count = unsafe read(descriptor, &buffer, min(left, buffer.count))
        if count <= 0 { break }
        total += count
        left -= count
      }
      close(descriptor)
    }
    return total
  }

  /// The rate of reading the files of a directory from the disk, in GB/s.
  static func calibrateRead(_ directory: String) throws -> Double {
    try evict(directory, all: false)
    let start = seconds()
    let bytes = readAll(directory)
    return Double(bytes) / (seconds() - start) / 1e9
  }

  /// How long a `pwrite` of 300 bytes and `fdatasync` take here now: the median, in microseconds.
  static func calibrateSync(_ directory: String) throws -> Double {
    let path = directory + "/.calibrate"
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("calibrate: open") }
    defer {
      close(descriptor)
      unsafe unlink(path)
    }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    guard unsafe pwrite(descriptor, zeros, zeros.count, 0) == zeros.count else {
      throw Failure("calibrate: write")
    }
    fsync(descriptor)
    var times: [Double] = []
    for number in 0..<150 {
      let start = now()
      guard unsafe pwrite(descriptor, zeros, 300, number * 300) == 300 else {
        throw Failure("calibrate: write")
      }
      fdatasync(descriptor)
      times.append(Double(now() - start) / 1e3)
    }
    times.sort()
    return times[times.count / 2]
  }
}
