/// One state of an exploration: where the process stopped, and what was left of its disk.
///
/// Together with the workload it determines everything, so that a failure can be replayed alone.
package struct CrashCase: Hashable, Sendable {
  /// What was left.
  package enum Image: Hashable, Sendable {
    /// All that was written: the process was killed.
    case killed
    /// What a power cut left.
    case powerCut(sectorByteCount: Int, names: PowerCut.NameLoss, CrashChoice)
  }

  /// Where the process stopped; nil if it came to its end.
  package let stop: FaultPlan.Stop?
  /// What was left.
  package let image: Image

  /// Creates a case from its parts.
  package init(stop: FaultPlan.Stop?, image: Image) {
    self.stop = stop
    self.image = image
  }

  /// How the process died.
  package var death: Death { image == .killed ? .kill : .powerCut }

  /// What is left of `disk` in this case.
  package func apply(to disk: SimulatedFileSystem) -> SimulatedFileSystem {
    switch image {
    case .killed: disk.killed()
    case .powerCut(let sectorByteCount, let names, let choice):
      disk.powerCut(sectorByteCount: sectorByteCount, names: names).image(choice)
    }
  }
}

extension CrashCase: CustomStringConvertible {
  /// The case as one writes it in a test to replay it.
  package var description: String {
    let stop =
      switch stop {
      case .before(let call): ".before(\(call))"
      case .after(let call): ".after(\(call))"
      case .torn(let call, let byteCount): ".torn(\(call), byteCount: \(byteCount))"
      case nil: "nil"
      }
    let image =
      switch image {
      case .killed: ".killed"
      case .powerCut(let sectorByteCount, let names, let choice):
        ".powerCut(sectorByteCount: \(sectorByteCount), names: .\(names), \(choice))"
      }
    return "CrashCase(stop: \(stop), image: \(image))"
  }
}

/// What an exploration found.
package struct CrashReport: Sendable {
  /// How many calls the workload makes when nothing stops it.
  package var operationCount = 0
  /// At how many places the process was stopped.
  package var stopCount = 0
  /// How many disks were checked.
  package var stateCount = 0
  /// The first state that did not pass.
  package var failure: CrashFailure?

  /// Creates the report of an exploration that has not begun.
  package init() {}
}

/// A state that did not pass its check.
package struct CrashFailure: Sendable {
  /// The state, to be replayed with `CrashExplorer.replay(_:)`.
  package let crashCase: CrashCase
  /// The seed of the exploration.
  package let seed: UInt64
  /// What the check had to say.
  package let message: String
  /// The calls up to the stop; the last is the one stopped at.
  package let trace: [Operation]
  /// The state that was found first, and how many were checked to make it smaller.
  package var origin: (crashCase: CrashCase, checkCount: Int)?
}

extension CrashFailure: CustomStringConvertible {
  /// Several lines: what failed, how to replay it, and the last calls before.
  package var description: String {
    let shown = trace.enumerated().suffix(20).map { "  \($0.offset + 1) \($0.element)" }
    var lines = ["\(message)", "seed \(seed), replay(\(crashCase))"]
    if let origin {
      lines.append("made smaller in \(origin.checkCount) checks from \(origin.crashCase)")
    }
    return (lines + shown).joined(separator: "\n")
  }
}
