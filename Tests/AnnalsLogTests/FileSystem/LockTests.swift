import AnnalsLog
import CAnnals
import Testing

@Suite struct LockTests {
  /// A number that is only changed with its lock held.
  private final class Counter: @unchecked Sendable {
    // Checked how: `value` is only touched with `lock` held.
    let lock = Lock()
    let changed: Condition
    var value = 0

    init() { changed = Condition(lock) }
  }

  @Test func noIncrementIsLost() throws {
    let counter = Counter()
    let threads = try (0..<4).map { index throws(LogError) in
      try Thread(name: "count \(index)") {
        for _ in 0..<10_000 { counter.lock.withLock { counter.value += 1 } }
      }
    }
    for thread in threads { thread.join() }
    #expect(counter.value == 40_000)
  }

  @Test func errorsPassThroughAndFreeTheLock() {
    let lock = Lock()
    #expect(throws: LogError.closed) {
      try lock.withLock { () throws(LogError) in throw .closed }
    }
    #expect(lock.withLock { 7 } == 7)
  }

  @Test func aWaiterSeesTheChange() throws {
    let counter = Counter()
    let thread = try Thread(name: "answer") {
      counter.lock.withLock {
        while counter.value != 1 { counter.changed.wait() }
        counter.value = 2
        counter.changed.broadcast()
      }
    }
    counter.lock.withLock {
      counter.value = 1
      counter.changed.signal()
      while counter.value != 2 { counter.changed.wait() }
    }
    thread.join()
    thread.join()
    #expect(counter.value == 2)
  }

  @Test func aWaitEndsWhenItsTimeHasPassed() {
    let counter = Counter()
    let start = SystemClock.monotonicNanoseconds()
    counter.lock.withLock {
      while counter.changed.wait(nanoseconds: 5_000_000) {}
    }
    #expect(SystemClock.monotonicNanoseconds() - start >= 5_000_000)
  }

  @Test func theWallClockIsInThisCentury() {
    #expect(SystemClock.microseconds() > 1_700_000_000_000_000)
    #expect(SystemClock.microseconds() < 4_102_444_800_000_000)
  }

  @Test func aThreadRunsWithoutBeingJoined() throws {
    let counter = Counter()
    _ = try Thread(name: "a name longer than the kernel keeps") {
      counter.lock.withLock {
        counter.value = 1
        counter.changed.signal()
      }
    }
    counter.lock.withLock { while counter.value == 0 { counter.changed.wait() } }
    #expect(counter.value == 1)
  }

  @Test func aSleeperWakesWhenItsWordChanges() throws {
    let word = unsafe SharedWord()
    let thread = try Thread(name: "sleeper") {
      while unsafe annals_load32_acquire(word.address) == 0 {
        unsafe annals_futex_wait(word.address, 0, -1)
      }
    }
    unsafe annals_store32_release(word.address, 1)
    unsafe annals_futex_wake(word.address)
    thread.join()
    #expect(unsafe annals_futex_wait(word.address, 1, 1_000_000) != 0)
    #expect(unsafe annals_futex_wait(word.address, 0, -1) == 0)
  }

  @Test func thisProcessIsNoForkedChild() {
    let page = unsafe annals_fork_page()
    #expect(unsafe page?.pointee == 1)
    #expect(unsafe annals_fork_page() == page)
    #expect(annals_process_generation() == 1)
  }

  /// A word at a fixed address.
  @unsafe private final class SharedWord: @unchecked Sendable {
    // Checked how: the address never changes, and the word is only touched atomically.
    let address: UnsafeMutablePointer<UInt32>

    init() {
      unsafe address = .allocate(capacity: 1)
      unsafe address.initialize(to: 0)
    }

    deinit { unsafe address.deallocate() }
  }
}
