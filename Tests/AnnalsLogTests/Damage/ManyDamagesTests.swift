import AnnalsLog
import AnnalsTesting
import Testing

/// Several frames are damaged at once: each costs its own events and no others, in the tail as in
/// sealed segments.
@Suite struct ManyDamagesTests {
  @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
  func everyDamagedFrameIsToldAndAllOthersAreRead(isClosed: Bool, hasFooters: Bool) throws {
    var shape = DamageStore.Shape(segmentCount: 2)
    shape.isClosed = isClosed
    shape.tailRounds = 3
    let trial = try DamageTrial(shape)
    var random = SplitMix64(seed: 7)
    for round in 0..<(isExhaustive ? 400 : 40) {
      let disk = trial.base.killed()
      if !hasFooters { try trial.removeFooters(disk) }
      var lost: Set<UInt64> = []
      for (file, bytes, positions) in trial.frames where random.next() % 3 == 0 {
        let offset = bytes.lowerBound + Int(random.next() % UInt64(bytes.count))
        let byte = try #require(trial.image.files[file])[offset] ^ UInt8(1 + random.next() % 255)
        try DiskImage.write([byte], at: offset, of: file, on: disk)
        lost.formUnion(positions)
      }
      let log = try EventLog(
        at: DamageStore.path,
        options: DamageStore.options(disk.killed(), .readOnly)
      )
      let complaints = trial.oracle.judge(log, lost: lost)
      #expect(complaints.prefix(3) == [], "round \(round), lost \(lost.sorted())")
      try checkReport(disk, trial, lost: lost)
      // Nobody writes on top of what is damaged: with footers, only the tail is looked at.
      if !hasFooters, !lost.isEmpty {
        #expect(throws: LogError.self) {
          try EventLog(at: DamageStore.path, options: DamageStore.options(disk.killed()))
        }
      }
    }
  }

  private func checkReport(
    _ disk: SimulatedFileSystem,
    _ trial: DamageTrial,
    lost: Set<UInt64>
  ) throws {
    let report = try StoreVerifier.verify(
      DamageStore.path,
      options: DamageStore.options(disk.killed(), .readOnly)
    )
    #expect(report.isOK == lost.isEmpty)
    for frame in trial.frames where lost.contains(frame.positions.lowerBound) {
      let isListed = report.problems.contains {
        guard $0.file == frame.file, let told = $0.positions else { return false }
        return told.first.rawValue <= frame.positions.lowerBound
          && frame.positions.upperBound <= told.last.rawValue
      }
      #expect(isListed, "\(frame) in \(report.problems)")
    }
    #expect(report.events == trial.oracle.events.count - lost.count)
  }
}
