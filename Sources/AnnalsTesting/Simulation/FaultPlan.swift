#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// Decides which calls on a simulated disk fail, and which is the last one of the process.
///
/// A pure state machine under the disk's lock: it counts calls and answers what becomes of each.
/// Without stops, failures and tracing a call costs one addition.
package struct FaultPlan: Sendable {
  /// How many calls were made, the last one included; those after a stop do not count.
  package private(set) var operationCount = 0
  /// How many of them were `isMutating`.
  package private(set) var mutatingCount = 0
  /// Whether the process counts as dead: every further call throws `EIO`.
  package private(set) var isStopped = false
  /// The calls so far, if `isTracing`.
  package private(set) var trace: [Operation] = []
  /// Whether calls are recorded.
  package var isTracing = false
  private var stop: Stop?
  private var failures: [Failure] = []

  /// Creates a plan in which every call succeeds.
  package init() {}

  /// Where the process dies.
  ///
  /// Calls are numbered from one.
  package enum Stop: Hashable, Sendable {
    /// Just before the call does anything.
    case before(Int)
    /// When the call has done its work, and before its caller learns of it.
    case after(Int)
    /// In the middle of a write, when so many of its bytes are in the cache; any other call is
    /// stopped after.
    case torn(Int, byteCount: Int)
  }

  /// A call that fails.
  package struct Failure: Sendable {
    /// The kinds it concerns; nil for all.
    package var kinds: Set<Operation.Kind>?
    /// The file it concerns; nil for all.
    package var file: String?
    /// Which of the concerned calls fails, counted from one.
    package var nth: Int
    /// Whether all later ones fail as well.
    package var isSticky: Bool
    /// The reason.
    package var errno: CInt
    /// How many bytes of a failing write reach the cache all the same.
    package var writtenByteCount: Int

    /// Describes the `nth` call of `kinds` on `file`, counted from now.
    package init(
      _ errno: CInt,
      nth: Int = 1,
      kinds: Set<Operation.Kind>? = nil,
      file: String? = nil,
      isSticky: Bool = false,
      writtenByteCount: Int = 0
    ) {
      self.kinds = kinds
      self.file = file
      self.nth = nth
      self.isSticky = isSticky
      self.errno = errno
      self.writtenByteCount = writtenByteCount
    }
  }

  /// What becomes of a call.
  enum Verdict: Equatable, Sendable {
    case perform
    /// Do nothing and throw.
    case refuse(CInt)
    /// Do it, a write only up to `byteCount`, and throw.
    case performAndRefuse(CInt, byteCount: Int)
  }

  /// Lets the process die at a call; nil takes that back for a process still alive.
  package mutating func stop(at stop: Stop?) {
    self.stop = stop
  }

  /// Stops the process at once.
  package mutating func stopNow() {
    isStopped = true
  }

  /// Lets calls fail, in addition to what was asked for before.
  package mutating func fail(_ failure: Failure) {
    precondition(failure.nth >= 1, "calls are counted from one")
    failures.append(failure)
  }

  /// Lets no call fail any more; a stopped process stays stopped.
  package mutating func clearFailures() {
    failures.removeAll()
  }

  /// Counts a call and says what becomes of it.
  mutating func admit(_ operation: Operation) -> Verdict {
    guard !isStopped else { return .refuse(EIO) }
    operationCount += 1
    if operation.kind.isMutating { mutatingCount += 1 }
    if isTracing { trace.append(operation) }
    if let verdict = stopVerdict() {
      isStopped = true
      return verdict
    }
    return failures.isEmpty ? .perform : failureVerdict(operation)
  }

  private func stopVerdict() -> Verdict? {
    switch stop {
    case .before(operationCount): .refuse(EIO)
    case .after(operationCount): .performAndRefuse(EIO, byteCount: Int.max)
    case .torn(operationCount, let byteCount): .performAndRefuse(EIO, byteCount: byteCount)
    default: nil
    }
  }

  private mutating func failureVerdict(_ operation: Operation) -> Verdict {
    var verdict = Verdict.perform
    for index in failures.indices where failures[index].concerns(operation) {
      failures[index].nth -= 1
      let failure = failures[index]
      guard failure.nth == 0 || (failure.nth < 0 && failure.isSticky) else { continue }
      let isPartlyWritten = operation.kind == .write && failure.writtenByteCount > 0
      verdict =
        isPartlyWritten
        ? .performAndRefuse(failure.errno, byteCount: failure.writtenByteCount)
        : .refuse(failure.errno)
    }
    return verdict
  }
}

extension FaultPlan.Failure {
  /// Whether the call is one of those counted here.
  fileprivate func concerns(_ operation: Operation) -> Bool {
    (kinds?.contains(operation.kind) ?? true) && (file == nil || file == operation.file)
  }
}
