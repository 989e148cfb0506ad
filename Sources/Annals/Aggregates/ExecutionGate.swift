/// Lets one execution at a time work on an aggregate, in the order they came.
///
/// Only for speed: executions that decide on the same state at the same time would conflict, and
/// all but one would decide again. Correctness rests on the expected versions alone.
package final class ExecutionGate: @unchecked Sendable {
  // Checked how: `stripes` is touched only under `lock`.
  private let lock = Lock()
  private var stripes = [Stripe](repeating: Stripe(), count: ExecutionGate.stripeCount)

  /// Aggregates share stripes by their hash; enough that few do.
  package static let stripeCount = 4096

  /// How many served waiters stay in a stripe's array before they are taken out.
  private static let spentMax = 256

  private struct Stripe {
    var isHeld = false
    var waiting: [Waiter] = []
    /// The next of `waiting`; the array is emptied when it is through.
    var next = 0
  }

  private enum Waiter {
    case task(CheckedContinuation<Void, Never>)
    case thread(Condition, Turn)
  }

  /// Whether a waiting thread's turn has come; touched only under `lock`.
  private final class Turn: @unchecked Sendable {
    var hasCome = false
  }

  package init() {}

  /// The stripes of some aggregates, each once, in the order everyone takes them.
  package static func stripes(of aggregates: [AggregateID]) -> [Int] {
    if aggregates.count == 1 { return [stripe(of: aggregates[0])] }
    return Array(Set(aggregates.map(stripe))).sorted()
  }

  private static func stripe(of aggregate: AggregateID) -> Int {
    var hasher = Hasher()
    hasher.combine(aggregate)
    return Int(UInt(bitPattern: hasher.finalize()) % UInt(stripeCount))
  }

  /// Waits for the stripes without blocking a thread.
  package func enter(_ wanted: [Int]) async {
    for stripe in wanted {
      await withCheckedContinuation { continuation in
        let isFree = lock.withLock { () -> Bool in
          if !stripes[stripe].isHeld {
            stripes[stripe].isHeld = true
            return true
          }
          stripes[stripe].waiting.append(.task(continuation))
          return false
        }
        if isFree { continuation.resume() }
      }
    }
  }

  /// Waits for the stripes, blocking the thread.
  package func enterBlocking(_ wanted: [Int]) {
    for stripe in wanted {
      lock.withLock {
        if !stripes[stripe].isHeld {
          stripes[stripe].isHeld = true
          return
        }
        let condition = Condition(lock)
        let turn = Turn()
        stripes[stripe].waiting.append(.thread(condition, turn))
        while !turn.hasCome { condition.wait() }
      }
    }
  }

  /// Gives the stripes to whoever waited longest.
  package func leave(_ held: [Int]) {
    for stripe in held {
      let next = lock.withLock { () -> CheckedContinuation<Void, Never>? in
        if stripes[stripe].next == stripes[stripe].waiting.count {
          stripes[stripe] = Stripe()
          return nil
        }
        let waiter = stripes[stripe].waiting[stripes[stripe].next]
        stripes[stripe].next += 1
        if stripes[stripe].next == Self.spentMax {
          stripes[stripe].waiting.removeFirst(Self.spentMax)
          stripes[stripe].next = 0
        }
        switch waiter {
        case .task(let continuation): return continuation
        case .thread(let condition, let turn):
          turn.hasCome = true
          condition.signal()
          return nil
        }
      }
      next?.resume()
    }
  }
}
