public import Annals
internal import AnnalsLog

/// A clock that stands still until it is moved.
public final class TestClock: @unchecked Sendable {
  // Checked how: `microseconds` is touched only under `lock`.
  private let lock = Lock()
  private var microseconds: Int64

  /// A clock that shows a time, by default 2026-01-01T00:00:00Z.
  public init(_ time: Timestamp = Timestamp(microseconds: 1_767_225_600_000_000)) {
    microseconds = time.microseconds
  }

  /// The time it shows.
  public var now: Timestamp { Timestamp(microseconds: lock.withLock { microseconds }) }

  /// Moves it.
  public func advance(by duration: Duration) {
    let step = Int64(duration / .microseconds(1))
    lock.withLock { microseconds += step }
  }
}

/// Ids that count up from one, so that tests can name them.
public final class TestIDs: @unchecked Sendable {
  // Checked how: `count` is touched only under `lock`.
  private let lock = Lock()
  private var count: UInt64 = 0

  /// Ids from one on.
  public init() {}

  /// The next id: its number, in the first eight bytes.
  public func next() -> EventID {
    lock.withLock {
      count += 1
      return EventID(low: count, high: 0)
    }
  }
}
