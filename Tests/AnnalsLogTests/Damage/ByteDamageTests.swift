import AnnalsLog
import AnnalsTesting
import Testing

/// Whether every byte is tried, not a sample of them.
let isExhaustive = Proof.number("ANNALS_EXHAUSTIVE") != nil

/// Every byte of every file of a small store is changed, and everything is asked of it.
@Suite struct ByteDamageTests {
  /// Files whose content counts for nothing: a lock is held or not, and `control` is a hint of a
  /// living writer, made anew by the next.
  static let hints: Set<String> = [StoreFile.lock, StoreFile.control]

  /// How a byte is changed; which way depends on where it stands.
  private static let sampledMasks: [UInt8] = [0xff, 0x01, 0x10, 0x80, 0x0f, 0x02, 0x40]

  /// How a byte is changed: exhaustively one bit of each byte, so that eight seeds in a row try all.
  private static func mask(_ offset: Int) -> UInt8 {
    isExhaustive ? 1 << (Proof.seed % 8) : sampledMasks[offset % sampledMasks.count]
  }

  @Test(arguments: [true, false])
  func aChangedByteCostsItsFrameAtMost(isClosed: Bool) throws {
    var shape = DamageStore.Shape(segmentCount: 2)
    shape.isClosed = isClosed
    let trial = try DamageTrial(shape)
    try run(trial, "closed \(isClosed)", step: 73) { _ in true }
  }

  @Test func aChangedByteOfAnIndexCheckpointCostsNothing() throws {
    let trial = try DamageTrial(DamageStore.Shape(segmentCount: 9))
    try run(trial, "checkpoint", step: 331) { $0.hasPrefix("index-") }
  }

  private func run(
    _ trial: DamageTrial,
    _ name: String,
    step: Int,
    _ isTried: (String) -> Bool
  ) throws {
    var cases = 0
    var failures = 0
    var random = SplitMix64(seed: Proof.seed)
    for (file, bytes) in trial.image.files.sorted(by: { $0.key < $1.key })
    where isTried(file) && !Self.hints.contains(file) {
      // The untouched tail of a segment is sampled; all before is tried.
      let used = file.hasSuffix(".segment") ? (trial.ends[file] ?? 0) + 64 : bytes.count
      // Fields stand in the first bytes of a page, and padding in the others.
      for offset in bytes.indices {
        let isTail = offset >= used
        if isTail
          ? offset % (isExhaustive ? 997 : 19_997) != 0
          : !isExhaustive && offset % step != 0 && (offset % 4096 >= 176 || offset % 5 != 0)
        {
          continue
        }
        guard Int(random.next() % 100) < Proof.percent else { continue }
        cases += 1
        let complaints = try trial.damage(file, offset, Self.mask(offset))
        if complaints.isEmpty { continue }
        failures += 1
        if failures <= 40 {
          Issue.record("\(name): \(file) at \(offset): \(complaints.prefix(3))")
        }
      }
    }
    print(Proof.line("flipped-bits", cases, failures: failures))
  }

  @Test func hintsAreNotBelieved() throws {
    let trial = try DamageTrial(DamageStore.Shape())
    let page = [UInt8](repeating: 0xff, count: 4096)
    for name in Self.hints {
      let disk = trial.base.killed()
      try DiskImage.write(page, at: 0, of: name, on: disk)
      let log = try EventLog(
        at: DamageStore.path,
        options: DamageStore.options(disk, .readOnly)
      )
      #expect(trial.oracle.judge(log, lost: []) == [])
    }
  }
}
