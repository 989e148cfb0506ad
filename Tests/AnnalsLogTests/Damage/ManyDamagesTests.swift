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
    var random = SplitMix64(seed: 6 &+ Proof.seed)
    let rounds = Proof.share(of: isExhaustive ? 400 : 40)
    print(Proof.line("damaged-files", rounds))
    for round in 0..<rounds {
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

  /// What a footer would have said of a damaged frame nobody knows any more: those who read by key
  /// are told, whether it was missing at opening or is found damaged later, and all else is read.
  @Test(arguments: [true, false])
  func aSegmentWithoutFooterAndWithDamagedFramesHidesNothing(isMissing: Bool) throws {
    let trial = try DamageTrial(DamageStore.Shape(segmentCount: 4))
    // With the last one, whose footer covers it as of the close.
    for segment in trial.image.segmentNames.prefix(5) {
      let frames = trial.frames.filter { $0.file == segment }
      for round in 0..<frames.count + 1 {
        let disk = trial.base.killed()
        var footers = [segment]
        // A footer that is made anew behind the damage must lead back to it.
        if round % 2 == 1 { footers.append("log/" + StoreFile.segment(4)) }
        for segment in Set(footers) { try damageFooter(of: segment, disk, trial, isMissing) }
        var lost: Set<UInt64> = []
        for (index, frame) in frames.enumerated() where index == round || round == frames.count {
          let offset = frame.bytes.lowerBound + frame.bytes.count / 2
          let byte = try #require(trial.image.files[segment])[offset]
          try DiskImage.write([byte ^ 0x41], at: offset, of: segment, on: disk)
          lost.formUnion(frame.positions)
        }
        let log = try EventLog(
          at: DamageStore.path,
          options: DamageStore.options(disk.killed(), .readOnly)
        )
        let complaints = trial.oracle.judge(log, lost: lost)
        #expect(complaints.prefix(3) == [], "\(segment), lost \(lost.sorted())")
        checkVersions(log, trial, lost: lost)
        try checkWriting(disk.killed(), trial, lost: lost)
      }
    }
  }

  private func damageFooter(
    of segment: String,
    _ disk: SimulatedFileSystem,
    _ trial: DamageTrial,
    _ isMissing: Bool
  ) throws {
    let name = segment.replacing(".segment", with: ".footer")
    if isMissing {
      let root = try disk.openDirectory(DamageStore.path, create: false)
      let log = try root.openDirectory(StoreFile.logDirectory, create: false)
      try log.remove(String(name.dropFirst(4)))
      try log.sync()
      return
    }
    // Its first page of keys.
    let offset = CheckedPages.pageSize + 9
    let byte = try #require(trial.image.files[name])[offset]
    try DiskImage.write([byte ^ 1], at: offset, of: name, on: disk)
  }

  /// A version is never told too low: it is right, or an error.
  private func checkVersions(_ log: EventLog, _ trial: DamageTrial, lost: Set<UInt64>) {
    for aggregate in trial.oracle.aggregates {
      let newest = trial.oracle.events.last { $0.aggregate == aggregate }
      guard let newest, let told = try? log.version(of: aggregate) else { continue }
      #expect(told == newest.version, "\(aggregate) with \(lost.sorted()) lost")
    }
    // What stands behind all damage is certain.
    let tail = trial.frames.last.map { frame in trial.frames.filter { $0.file == frame.file } }
    guard let first = tail?.first?.positions.lowerBound, lost.allSatisfy({ $0 < first }) else {
      return
    }
    let last = trial.oracle.events.last
    #expect((try? log.version(of: last?.aggregate ?? "")) == last?.version)
  }

  /// Who writes is refused, or goes on where the log ended, with the version that follows.
  private func checkWriting(
    _ disk: SimulatedFileSystem,
    _ trial: DamageTrial,
    lost: Set<UInt64>
  ) throws {
    guard
      let log = try? EventLog(at: DamageStore.path, options: DamageStore.options(disk))
    else { return }
    let complaints = trial.oracle.judge(log, lost: lost)
    #expect(complaints.prefix(3) == [], "writing, lost \(lost.sorted())")
    for aggregate in trial.oracle.aggregates {
      let newest = trial.oracle.events.last { $0.aggregate == aggregate }
      let event = NewEvent(type: "Late", payload: [1])
      guard (try? log.append([event], to: aggregate)) != nil else { continue }
      #expect(try log.version(of: aggregate).rawValue == (newest?.version.rawValue ?? 0) + 1)
    }
    let late = try log.read(.all(after: trial.oracle.events.last?.position ?? .start))
    try log.close()
    let again = try EventLog(at: DamageStore.path, options: DamageStore.options(disk, .readOnly))
    let oracle = DamageOracle(trial.oracle.events + late)
    #expect(oracle.judge(again, lost: lost).prefix(3) == [], "reopened, lost \(lost.sorted())")
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
