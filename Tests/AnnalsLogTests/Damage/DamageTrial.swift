import AnnalsLog
import AnnalsTesting

/// A store to be damaged again and again, and what must be true of it each time.
struct DamageTrial {
  let image: DiskImage
  let base: SimulatedFileSystem
  let oracle: DamageOracle
  /// Where frames with events stand: file, bytes and positions.
  let frames: [(file: String, bytes: Range<Int>, positions: ClosedRange<UInt64>)]
  /// Where frames without events stand.
  let controls: [(file: String, bytes: Range<Int>)]
  /// The offset behind the last frame of each segment.
  let ends: [String: Int]

  /// One of the deaths a store can have died.
  init(_ shape: DamageStore.Shape) throws {
    let store = try DamageStore(shape)
    image = try DiskImage(store.disk)
    base = try image.disk()
    oracle = DamageOracle(store.events)
    let log = try EventLog(
      at: DamageStore.path,
      options: DamageStore.options(base.killed(), .readOnly)
    )
    let inspector = LogInspector(log)
    var frames: [(file: String, bytes: Range<Int>, positions: ClosedRange<UInt64>)] = []
    var controls: [(file: String, bytes: Range<Int>)] = []
    var ends: [String: Int] = [:]
    for segment in inspector.segments {
      ends[segment.file] = segment.usedBytes
      for frame in inspector.frames(of: segment.id) {
        if frame.events == 0 {
          controls.append((segment.file, frame.offset..<frame.offset + frame.bytes))
          continue
        }
        let first = frame.firstPosition.rawValue
        frames.append(
          (
            segment.file, frame.offset..<frame.offset + frame.bytes,
            first...first + UInt64(frame.events) - 1
          )
        )
      }
    }
    self.frames = frames
    self.controls = controls
    self.ends = ends
  }

  /// The events that damage to a byte may cost: those of its frame, if it is in one.
  func cost(_ file: String, _ offset: Int) -> Set<UInt64> {
    for frame in frames where frame.file == file && frame.bytes.contains(offset) {
      return Set(frame.positions)
    }
    return []
  }

  /// Damages one byte and looks at everything; what is not as it must be.
  func damage(_ file: String, _ offset: Int, _ mask: UInt8) throws -> [String] {
    let disk = base.killed()
    guard let bytes = image.files[file] else { return ["no file \(file)"] }
    try DiskImage.write([bytes[offset] ^ mask], at: offset, of: file, on: disk)
    return try judge(disk, file, offset, lost: cost(file, offset))
  }

  /// Removes every footer, as if a writer had been killed before it made any.
  func removeFooters(_ disk: SimulatedFileSystem) throws {
    let root = try disk.openDirectory(DamageStore.path, create: false)
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    for name in try log.names() where name.hasSuffix(".footer") { try log.remove(name) }
    try log.sync()
  }

  /// Looks at a damaged disk in every way.
  func judge(
    _ disk: SimulatedFileSystem,
    _ file: String,
    _ offset: Int,
    lost: Set<UInt64>
  ) throws -> [String] {
    var complaints: [String] = []
    complaints += judgeVerify(disk.killed(), file)
    do throws(LogError) {
      let log = try EventLog(
        at: DamageStore.path,
        options: DamageStore.options(disk.killed(), .readOnly)
      )
      complaints += oracle.judge(log, lost: lost)
    } catch {
      complaints.append("opening for reading: \(error)")
    }
    complaints += try judgeWriting(disk.killed(), file, offset, lost: lost)
    return complaints
  }

  private func judgeVerify(_ disk: SimulatedFileSystem, _ file: String) -> [String] {
    do throws(LogError) {
      let report = try StoreVerifier.verify(
        DamageStore.path,
        options: DamageStore.options(disk, .readOnly)
      )
      if report.problems.contains(where: { $0.file == file }) { return [] }
      if report.notes.contains(where: { $0.file == file && $0.kind != .spareSegment }) {
        return []
      }
      if report.isOK { return ["verify finds nothing"] }
      return ["verify does not name the file: \(report.problems)"]
    } catch {
      return ["verify: \(error)"]
    }
  }

  private func judgeWriting(
    _ disk: SimulatedFileSystem,
    _ file: String,
    _ offset: Int,
    lost: Set<UInt64>
  ) throws -> [String] {
    var complaints: [String] = []
    let before = try DiskImage(disk)
    do throws(LogError) {
      let log = try EventLog(at: DamageStore.path, options: DamageStore.options(disk))
      complaints += oracle.judge(log, lost: lost).map { "writing: " + $0 }
      do throws(LogError) {
        let receipt = try log.append(
          [NewEvent(type: "Opened", payload: [1])],
          to: "late-1",
          expecting: .absent
        )
        if receipt.firstPosition != Position(UInt64(oracle.events.count + 1)) {
          complaints.append("writing: the next event got position \(receipt.firstPosition)")
        }
        try log.close()
      } catch {
        complaints.append("writing: append: \(error)")
      }
    } catch {
      complaints += oracle.judgeError(error, "opening for writing")
      // Nobody writes on top of a damaged frame, whatever it held.
      let isInFrame = controls.contains { $0.file == file && $0.bytes.contains(offset) }
      if lost.isEmpty, !isInFrame { complaints.append("opening for writing: \(error)") }
    }
    let after = try DiskImage(disk)
    for name in before.segmentNames {
      guard let now = after.files[name] else {
        complaints.append("writing: \(name) was deleted")
        continue
      }
      let end = ends[name] ?? 0
      let was = before.files[name, default: []]
      if !now.span.extracting(0..<min(end, now.count)).equals(was.span.extracting(0..<end)) {
        complaints.append("writing: frames of \(name) were overwritten")
      }
    }
    return complaints
  }
}
