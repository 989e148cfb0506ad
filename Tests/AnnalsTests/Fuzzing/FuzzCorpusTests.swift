@_spi(Fuzzing) import AnnalsTesting
import Foundation
import Testing

/// Everything that fuzzing has found worth keeping is run again, and the seeds it began with.
@Suite struct FuzzCorpusTests {
  private static let corpora = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fuzz/corpus")

  /// Runs the inputs that are kept: what must not happen ends the process.
  @Test(arguments: FuzzTarget.allCases)
  func everyKeptInputDoesNoHarm(target: FuzzTarget) throws {
    let folder = Self.corpora.appending(path: target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names.count >= 10, "\(target)")
    for name in names {
      target.run([UInt8](try Data(contentsOf: folder.appending(path: name))))
    }
    print(Proof.line("fuzz-corpus", names.count))
  }

  /// Changes the seeds at random, as the fuzzer does, and mends them.
  @Test(arguments: FuzzTarget.allCases)
  func changedSeedsDoNoHarm(target: FuzzTarget) {
    var random = SplitMix64(seed: Proof.seed)
    let seeds = target.seeds
    #expect(!seeds.isEmpty)
    let rounds = Proof.share(of: target == .operations || target == .segment ? 60 : 2_000)
    for _ in 0..<rounds {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = UInt8(truncatingIfNeeded: random.next())
      }
      target.mend(&bytes)
      target.run(bytes)
    }
    print(Proof.line("fuzz-corpus", rounds))
  }
}
