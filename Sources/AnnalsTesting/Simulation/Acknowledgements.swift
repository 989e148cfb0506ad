/// How a process came to its end.
package enum Death: Hashable, Sendable {
  /// It was killed: the kernel keeps what was written.
  case kill
  /// The machine lost power: only what was synced is certain.
  case powerCut
}

/// What a workload handed in and what it was promised, up to the moment it was stopped.
///
/// A check demands that everything acknowledged is found again, and nothing that was not submitted.
package final class Acknowledgements<Fact: Sendable>: Sendable {
  private struct Record {
    var submitted: [Fact] = []
    var acknowledged: [(fact: Fact, death: Death)] = []
  }

  private let record = Guarded(Record())

  /// Creates an empty record.
  package init() {}

  /// Notes what is about to be handed in; it may be found again from here on.
  package func submit(_ fact: Fact) {
    record.withLock { $0.submitted.append(fact) }
  }

  /// Notes a promise: the fact survives `death`, and what survives a power cut survives a kill.
  package func acknowledge(_ fact: Fact, surviving death: Death = .powerCut) {
    record.withLock { $0.acknowledged.append((fact, death)) }
  }

  /// All that was handed in, in order.
  package var submitted: [Fact] { record.withLock { $0.submitted } }

  /// All that was promised to survive `death`, in order.
  package func acknowledged(surviving death: Death) -> [Fact] {
    record.withLock { record in
      record.acknowledged.filter { death == .kill || $0.death == .powerCut }.map(\.fact)
    }
  }
}
