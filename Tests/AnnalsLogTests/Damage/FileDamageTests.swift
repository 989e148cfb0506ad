import AnnalsLog
import AnnalsTesting
import Testing

/// Whole files are cut short, missing, put in each other's place or taken from another store.
@Suite struct FileDamageTests {
  /// What happened to a file.
  private struct Mishap {
    var name: String
    var image: DiskImage
    /// The file that a loss may be blamed on.
    var file: String
    /// Whether the file lost its end: where frames are gone it is the end of a log like any other.
    var isCut = false
  }

  private static let hints = ByteDamageTests.hints

  private func trial(_ isClosed: Bool) throws -> DamageTrial {
    var shape = DamageStore.Shape(segmentCount: 2)
    shape.isClosed = isClosed
    return try DamageTrial(shape)
  }

  private func files(_ image: DiskImage) -> [String] {
    image.files.keys.filter { !Self.hints.contains($0) }.sorted()
  }

  @Test(arguments: [true, false])
  func filesCutShort(isClosed: Bool) throws {
    let trial = try trial(isClosed)
    var random = SplitMix64(seed: 10 &+ Proof.seed)
    var mishaps: [Mishap] = []
    for file in files(trial.image) {
      let bytes = try #require(trial.image.files[file])
      let end = trial.ends[file] ?? bytes.count
      var lengths: Set<Int> = [0, 1, 39, 40, 4095, 4096, 4097, end - 1, end, bytes.count - 1]
      for _ in 0..<Proof.share(of: isExhaustive ? 400 : 12) {
        lengths.insert(Int(random.next() % UInt64(max(1, min(bytes.count, end + 200)))))
      }
      for length in lengths where length >= 0 && length < bytes.count {
        var image = trial.image
        image.files[file] = Array(bytes.prefix(length))
        mishaps.append(
          Mishap(name: "\(file) cut to \(length)", image: image, file: file, isCut: true)
        )
      }
    }
    try judge(mishaps, trial, isClosed: isClosed)
  }

  /// What a sealed segment's file no longer has is told, and everything else is read.
  @Test(arguments: [true, false])
  func aSealedSegmentCutShortCostsWhatWasCutOff(hasFooters: Bool) throws {
    let trial = try DamageTrial(DamageStore.Shape(segmentCount: 3))
    for file in trial.image.segmentNames.prefix(3) {
      let frames = trial.frames.filter { $0.file == file }
      let bytes = try #require(trial.image.files[file])
      var lengths: Set<Int> = [0, 1, 39, 40, 4095, 4096, 4097]
      for frame in frames {
        lengths.formUnion([frame.bytes.lowerBound, frame.bytes.lowerBound + 4])
        lengths.formUnion([frame.bytes.lowerBound + 8, frame.bytes.upperBound - 1])
      }
      for length in lengths {
        var image = trial.image
        image.files[file] = Array(bytes.prefix(length))
        let disk = try image.disk()
        if !hasFooters { try trial.removeFooters(disk) }
        let log = try EventLog(
          at: DamageStore.path,
          options: DamageStore.options(disk.killed(), .readOnly)
        )
        let lost = Set(frames.filter { $0.bytes.upperBound > length }.flatMap(\.positions))
        #expect(!lost.isEmpty)
        #expect(trial.oracle.judge(log, lost: lost).prefix(3) == [], "\(file) cut to \(length)")
        #expect(log.recovery.findings.contains { $0.kind == .segmentTruncated })
        // Nobody writes on top of that.
        #expect {
          try EventLog(at: DamageStore.path, options: DamageStore.options(disk.killed()))
        } throws: {
          if case .truncatedFile(file, _, _) = $0 as? LogError { true } else { false }
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func filesMissing(isClosed: Bool) throws {
    let trial = try trial(isClosed)
    let mishaps = files(trial.image).map { file in
      var image = trial.image
      image.files[file] = nil
      return Mishap(name: "\(file) missing", image: image, file: file)
    }
    try judge(mishaps, trial, isClosed: isClosed)
  }

  @Test(arguments: [true, false])
  func filesInEachOthersPlace(isClosed: Bool) throws {
    let trial = try trial(isClosed)
    let names = files(trial.image)
    var mishaps: [Mishap] = []
    for file in names {
      for other in names where other != file {
        var image = trial.image
        image.files[file] = trial.image.files[other]
        mishaps.append(Mishap(name: "\(other) copied over \(file)", image: image, file: file))
        if file < other, file.suffix(6) == other.suffix(6) || isExhaustive {
          image.files[other] = trial.image.files[file]
          mishaps.append(Mishap(name: "\(file) and \(other) swapped", image: image, file: file))
        }
      }
    }
    try judge(mishaps, trial, isClosed: isClosed)
  }

  @Test(arguments: [true, false])
  func filesOfAnotherStore(isClosed: Bool) throws {
    let trial = try trial(isClosed)
    let other = try self.trial(isClosed)
    let mishaps = files(trial.image).compactMap { file -> Mishap? in
      guard let bytes = other.image.files[file] else { return nil }
      var image = trial.image
      image.files[file] = bytes
      return Mishap(name: "\(file) of another store", image: image, file: file)
    }
    try judge(mishaps, trial, isClosed: isClosed)
  }

  /// Manifest and list of another store say nothing of this one: the segments do.
  @Test(arguments: [true, false])
  func theLayoutOfAnotherStoreIsMadeAnew(isClosed: Bool) throws {
    let trial = try trial(isClosed)
    let other = try self.trial(isClosed)
    let layout = trial.image.files.keys.filter {
      $0 == StoreFile.manifest || $0.hasPrefix("segments-")
    }
    let lists = layout.filter { $0 != StoreFile.manifest }
    for names in [layout, lists, [StoreFile.manifest]] {
      var image = trial.image
      for name in layout where name != StoreFile.manifest && names != [StoreFile.manifest] {
        image.files[name] = nil
      }
      for name in other.image.files.keys
      where names.contains(name) || names != [StoreFile.manifest] && name.hasPrefix("segments-") {
        image.files[name] = other.image.files[name]
      }
      for access in [LogOptions.Access.readOnly, .readWrite] {
        let disk = try image.disk()
        let log = try EventLog(at: DamageStore.path, options: DamageStore.options(disk, access))
        #expect(trial.oracle.judge(log, lost: []).prefix(3) == [], "\(names), \(access)")
        guard access == .readWrite else { continue }
        // What it makes anew counts from then on.
        let last = try log.append([NewEvent(type: "Late", payload: [])], to: "late-1").lastPosition
        try log.close()
        let again = try EventLog(
          at: DamageStore.path,
          options: DamageStore.options(disk, .readOnly)
        )
        #expect(again.recovery.wasClosed)
        #expect(again.recovery.findings == [])
        #expect(again.head() == last)
      }
    }
  }

  /// Nothing but original events may come out, and none may be missing without an error.
  private func judge(_ mishaps: [Mishap], _ trial: DamageTrial, isClosed: Bool) throws {
    let originals = Dictionary(
      uniqueKeysWithValues: trial.oracle.events.map { ($0.position, $0) }
    )
    // Without a proper close the end of the log is what its last segment says it is.
    let last = trial.image.segmentNames.last { trial.ends[$0, default: 0] > 0 }
    print(Proof.line("damaged-files", mishaps.count))
    for mishap in mishaps {
      for access in [LogOptions.Access.readOnly, .readWrite] {
        let disk = try mishap.image.disk()
        var options = DamageStore.options(disk, access)
        options.clock = { 1_750_000_000_000_000 }
        do throws(LogError) {
          let log = try EventLog(at: DamageStore.path, options: options)
          let mayEndEarly = !isClosed && mishap.file == last && mishap.isCut
          try log.checkFound(originals, mishap.name, mayEndEarly: mayEndEarly)
          if access == .readWrite {
            let head = log.head()
            let receipt = try log.append([NewEvent(type: "Late", payload: [])], to: "late-1")
            #expect(receipt.lastPosition.rawValue == head.rawValue + 1, "\(mishap.name)")
            try log.close()
          }
        } catch {
          let complaints = trial.oracle.judgeError(error, mishap.name)
          let isAbsence = if case .notAStore = error { true } else { false }
          if !isAbsence { #expect(complaints == []) }
        }
      }
      _ = try? StoreVerifier.verify(
        DamageStore.path,
        options: DamageStore.options(try mishap.image.disk(), .readOnly)
      )
    }
  }
}

extension EventLog {
  /// Reads everything, by position and by key: only originals, and none missing without an error.
  fileprivate func checkFound(
    _ originals: [Position: RecordedEvent],
    _ name: String,
    mayEndEarly: Bool
  ) throws(LogError) {
    var requests: [(ReadRequest, (RecordedEvent) -> Bool)] = [(.all(), { _ in true })]
    for aggregate in Set(originals.values.map(\.aggregate)) {
      requests.append((.aggregate(aggregate), { $0.aggregate == aggregate }))
    }
    for (request, isAsked) in requests {
      for isReversed in [false, true] {
        var request = request
        request.isReversed = isReversed
        var found: Set<Position> = []
        var errors = 0
        do throws(LogError) {
          var cursor = try cursor(request)
          while errors < 20 {
            do throws(LogError) {
              guard let event = try cursor.next() else { break }
              let copy = event.copy()
              found.insert(copy.position)
              if originals[copy.position] != copy { Issue.record("\(name): \(copy) is forged") }
            } catch {
              errors += 1
            }
          }
        } catch {
          errors += 1
        }
        let missing = originals.values.filter { isAsked($0) && !found.contains($0.position) }
        if errors == 0, !missing.isEmpty, !mayEndEarly {
          Issue.record("\(name): \(missing.count) events are missing without an error")
        }
      }
    }
  }
}
