import Foundation

/// The time of the monotonic clock, in nanoseconds.
@inline(__always)
func now() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// The time of the monotonic clock, in seconds.
func seconds() -> Double { Double(now()) / 1e9 }

/// What a span of work took: wall, CPU, what others took of the cores, peak memory.
///
/// As `Meter` in `util.cpp`, the thread that looks at the memory included.
final class Meter: @unchecked Sendable {
  // Checked how: `isRunning` and `peakAnonymous` are touched only under `lock`.
  private(set) var wall = 0.0
  private(set) var cpuUser = 0.0
  private(set) var cpuSystem = 0.0
  private(set) var others = 0.0
  private(set) var peakResident = 0
  private(set) var endAnonymous = 0
  private(set) var written = 0
  private let lock = NSLock()
  private var isRunning = true
  private(set) var peakAnonymous = 0
  private let ended = DispatchSemaphore(value: 0)
  private let start: Double
  private let before: (user: Double, system: Double)
  private let ticks: (busy: Double, total: Double)
  private let writtenBefore: Int

  init() {
    // Resets the peak, so that it is this phase's own.
    try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    writtenBefore = Self.writtenBytes()
    ticks = Self.cpuTicks()
    before = Self.ownCPU()
    start = seconds()
    Thread { [self] in
      while sample() { usleep(100_000) }
      ended.signal()
    }.start()
  }

  private func sample() -> Bool {
    let bytes = Self.memory("RssAnon")
    return lock.withLock {
      peakAnonymous = max(peakAnonymous, bytes)
      return isRunning
    }
  }

  func stop() {
    wall = seconds() - start
    let after = Self.ownCPU()
    cpuUser = after.user - before.user
    cpuSystem = after.system - before.system
    let end = Self.cpuTicks()
    if end.total > ticks.total {
      // Ticks are 10 ms; other CPUs' worth of ticks are in total already.
      let own = (cpuUser + cpuSystem) * Double(sysconf(Int32(_SC_CLK_TCK)))
      others = max(0, end.busy - ticks.busy - own) / (end.total - ticks.total)
    }
    lock.withLock { isRunning = false }
    _ = sample()
    endAnonymous = Self.memory("RssAnon")
    peakResident = Self.memory("VmHWM")
    written = Self.writtenBytes() - writtenBefore
    ended.wait()
  }

  /// What `/proc/self/status` says of one kind of memory, in bytes.
  static func memory(_ field: String) -> Int {
    number(in: "/proc/self/status", field) * 1024
  }

  private static func writtenBytes() -> Int { number(in: "/proc/self/io", "write_bytes") }

  private static func number(in file: String, _ field: String) -> Int {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
      return Int(line.filter { $0.isASCII && $0.isNumber }) ?? 0
    }
    return 0
  }

  private static func cpuTicks() -> (busy: Double, total: Double) {
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let line = text.split(separator: "\n").first
    else { return (0, 0) }
    let values = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
    // Neither idle nor waiting for a disk; what the host stole counts as busy.
    let idle = values.count > 4 ? values[3] + values[4] : 0
    let total = values.reduce(0, +)
    return (total - idle, total)
  }

  private static func ownCPU() -> (user: Double, system: Double) {
    var usage = rusage()
    unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
    return (inSeconds(usage.ru_utime), inSeconds(usage.ru_stime))
  }

  private static func inSeconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }
}

/// Latencies in nanoseconds with about 3 % resolution: the buckets of `util.cpp`.
struct Histogram {
  private static let sub = 32
  private static let bucketCount = 60 * sub
  private var buckets = [UInt64](repeating: 0, count: bucketCount)
  private(set) var count: UInt64 = 0
  private var greatest: UInt64 = 0

  @inline(__always)
  private static func index(_ nanoseconds: UInt64) -> Int {
    if nanoseconds < UInt64(sub) { return Int(nanoseconds) }
    let log = 63 - nanoseconds.leadingZeroBitCount
    let rest = Int((nanoseconds >> UInt64(log - 5)) & UInt64(sub - 1))
    return min((log - 4) * sub + rest, bucketCount - 1)
  }

  @inline(__always)
  mutating func add(_ nanoseconds: UInt64) {
    buckets[Self.index(nanoseconds)] += 1
    count += 1
    greatest = max(greatest, nanoseconds)
  }

  mutating func merge(_ other: Histogram) {
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    greatest = max(greatest, other.greatest)
  }

  var maxMicroseconds: Double { Double(greatest) / 1e3 }

  func microseconds(_ percent: Double) -> Double {
    if count == 0 { return 0 }
    let target = UInt64((Double(count) * percent / 100).rounded(.up))
    var seen: UInt64 = 0
    for (index, bucket) in buckets.enumerated() {
      seen += bucket
      if seen >= target { return Self.lower(index) / 1e3 }
    }
    return maxMicroseconds
  }

  private static func lower(_ index: Int) -> Double {
    if index < sub { return Double(index) }
    return scalbn(1 + Double(index % sub) / Double(sub), index / sub + 4)
  }
}

/// One flat JSON object, printed as a line.
struct JSONLine {
  private var text = ""

  mutating func text(_ key: String, _ value: String) {
    var escaped = ""
    for scalar in value.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { escaped.append("\\") }
      escaped.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
    }
    add(key, "\"\(escaped)\"")
  }

  mutating func number(_ key: String, _ value: Double) {
    add(key, value.isFinite ? String(format: "%.6g", value) : "null")
  }

  mutating func integer(_ key: String, _ value: some BinaryInteger) {
    add(key, String(value))
  }

  mutating func meter(_ meter: Meter) {
    number("seconds", meter.wall)
    number("cpu_user_s", meter.cpuUser)
    number("cpu_sys_s", meter.cpuSystem)
    number("others_cpu", meter.others)
    number("peak_rss_mb", Double(meter.peakResident) / 1e6)
    number("peak_anon_mb", Double(meter.peakAnonymous) / 1e6)
    number("written_mb", Double(meter.written) / 1e6)
  }

  mutating func latency(_ histogram: Histogram) {
    number("p50_us", histogram.microseconds(50))
    number("p99_us", histogram.microseconds(99))
    number("p999_us", histogram.microseconds(99.9))
    number("max_us", histogram.maxMicroseconds)
  }

  func print() {
    FileHandle.standardOutput.write(Data(("{" + text + "}\n").utf8))
  }

  private mutating func add(_ key: String, _ value: String) {
    if !text.isEmpty { text += "," }
    text += "\"\(key)\":\(value)"
  }
}
