import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// A close that does not come to its end, an opening that believes it did, and a power cut in that.
@Suite struct ClosedMarkTests {
  private func append(_ count: Int, to log: EventLog) throws {
    for _ in 0..<count {
      try log.append([NewEvent(type: "Done", payload: [1, 2, 3])], to: "a-1")
    }
  }

  /// A store with both slots of its manifest in use, and one that is being closed.
  private func closing(_ disk: SimulatedFileSystem) throws -> EventLog {
    let options = simulatedOptions(disk)
    let first = try EventLog(at: "/store", options: options)
    try append(3, to: first)
    try first.close()
    let log = try EventLog(at: "/store", options: options)
    try append(3, to: log)
    return log
  }

  /// Lets the process die at the `nth` sync of the manifest from now on.
  private func stop(_ disk: SimulatedFileSystem, at nth: Int) {
    let count = Count()
    disk.observe { [unowned disk] operation in
      guard operation.kind == .sync, operation.file == StoreFile.manifest else { return }
      if count.value.add(1, ordering: .relaxed).newValue == nth {
        disk.withFaults { $0.stopNow() }
      }
    }
  }

  private final class Count: Sendable {
    let value = Atomic<Int>(0)
  }

  /// Whether the mark was only written, or its sync failed: a power cut in the next opening leaves
  /// a manifest that counts.
  @Test(arguments: [true, false]) func theNextOpeningIsCutOff(isFailed: Bool) throws {
    for closeSync in 1...3 {
      let disk = SimulatedFileSystem()
      let log = try closing(disk)
      let history = log.historyID
      if isFailed {
        let failure = FaultPlan.Failure(
          SystemError.inputOutput,
          nth: closeSync,
          kinds: [.sync],
          file: StoreFile.manifest
        )
        disk.withFaults { $0.fail(failure) }
      } else {
        stop(disk, at: closeSync)
      }
      _ = try? log.close()
      for openSync in 1...3 {
        let killed = disk.killed()
        stop(killed, at: openSync)
        let again = try? EventLog(at: "/store", options: simulatedOptions(killed))
        let cut = killed.powerCut()
        withExtendedLifetime(again) {}
        for choice in cut.choices(atMost: 300, seed: 1) {
          let after = try EventLog(at: "/store", options: simulatedOptions(cut.image(choice)))
          #expect(after.historyID == history, "\(closeSync) \(openSync) \(choice)")
          #expect(try after.read().count == 6, "\(closeSync) \(openSync) \(choice)")
        }
      }
    }
  }
}
