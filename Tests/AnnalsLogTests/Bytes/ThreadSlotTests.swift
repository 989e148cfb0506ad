import AnnalsLog
import Synchronization
import Testing

@Suite struct ThreadSlotTests {
  /// Counts those of its kind that are alive.
  private final class Counted: Sendable {
    static let alive = Atomic(0)
    init() { Self.alive.add(1, ordering: .relaxed) }
    deinit { Self.alive.subtract(1, ordering: .relaxed) }
  }

  @Test func whatIsPutIsTakenOnceByItsThreadAndReleasedWithIt() throws {
    let slot = ThreadSlot()
    let first = Counted()
    #expect(slot.take() == nil)
    slot.put(first)
    // It has room for one.
    slot.put(Counted())
    #expect(Counted.alive.load(ordering: .relaxed) == 1)
    let other = try Thread(name: "slot") {
      #expect(slot.take() == nil)
      slot.put(Counted())
    }
    other.join()
    #expect(Counted.alive.load(ordering: .relaxed) == 1)
    #expect(slot.take() === first)
    #expect(slot.take() == nil)
  }
}
