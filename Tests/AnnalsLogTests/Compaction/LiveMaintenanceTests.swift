import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// A writer that rolls, makes rules and compacts, beside everything that reads the same files.
@Suite(.serialized) struct LiveMaintenanceTests {
  @Test(arguments: 0..<2)
  func everyReaderSeesOneLog(round: Int) throws {
    let place = TemporaryDirectory()
    let life = try MaintainedLife(place.path, seed: Proof.seed &* 1000 &+ UInt64(round))
    let milliseconds = Proof.number("ANNALS_LIFE_MS") ?? 2000
    let wrong = try life.run(milliseconds: milliseconds)
    #expect(wrong == [], "seed \(life.seed)")
    for what in ["append", "scan", "follow", "open", "verify"] {
      #expect(life.figures[what] ?? 0 > 0, "\(what), seed \(life.seed)")
    }
  }
}
