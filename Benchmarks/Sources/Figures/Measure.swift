import Foundation

/// The time, in nanoseconds of the monotonic clock.
func now() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The time the calling thread has run, in nanoseconds: who else wants the processor does not show.
func threadNow() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The time all threads of the process have run, in nanoseconds.
func processNow() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// How many nanoseconds `body` takes.
@inline(__always)
func nanoseconds(_ body: () throws -> Void) rethrows -> UInt64 {
  let start = now()
  try body()
  return now() - start
}

/// Runs every body once a round, in turn, so that a noisy neighbour meets all of them; the first
/// round warms up and does not count.
///
/// - Returns: for each body, the nanoseconds of each round.
func interleaved(
  _ rounds: Int,
  by clock: () -> UInt64 = now,
  _ bodies: (() throws -> Void)...
) throws -> [[Double]] {
  var times = [[Double]](repeating: [], count: bodies.count)
  for round in 0...rounds {
    for (index, body) in bodies.enumerated() {
      let start = clock()
      try body()
      if round > 0 { times[index].append(Double(clock() - start)) }
    }
  }
  return times
}

extension [Double] {
  /// The value in the middle.
  var median: Double { percentile(0.5) }

  /// The value that `share` of all values are below.
  func percentile(_ share: Double) -> Double {
    if isEmpty { return .nan }
    let sorted = self.sorted()
    return sorted[Swift.min(count - 1, Int(Double(count) * share))]
  }
}

extension [UInt64] {
  /// The value that `share` of all values are below, in microseconds.
  func microseconds(_ share: Double) -> Double {
    map { Double($0) / 1000 }.percentile(share)
  }
}

/// The median of the ratios round by round: neighbours disturb both sides of a round alike.
func ratio(_ numerator: [Double], _ denominator: [Double]) -> Double {
  zip(numerator, denominator).map { $0 / $1 }.median
}

/// What `/proc/self/status` says of one kind of memory, in bytes.
func processMemory(_ field: String) -> Int {
  guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
    return 0
  }
  for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
    let digits = line.filter { $0.isASCII && $0.isNumber }
    return (Int(digits) ?? 0) * 1024
  }
  return 0
}
