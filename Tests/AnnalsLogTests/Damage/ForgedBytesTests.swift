import AnnalsLog
import AnnalsTesting
import Testing

/// Fields are changed and the checksums mended: whoever does that may forge what the structure
/// says, but crashes nothing, and nothing hangs or takes memory beyond reason.
@Suite struct ForgedBytesTests {
  private struct Forger {
    var random: SplitMix64
    let trial: DamageTrial
    let salts: [String: UInt32]

    mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }

    /// Changes a field of one to eight bytes to something that readers stumble over.
    mutating func change(_ bytes: inout [UInt8], in range: Range<Int>) {
      for _ in 0...below(2) {
        let size = [1, 2, 4, 8][below(4)]
        let at = range.lowerBound + below(range.count) / size * size
        let values: [UInt64] = [
          0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, .max, 1 << 63, random.next(),
          random.next() % 64,
        ]
        let value = values[below(values.count)]
        for index in 0..<size where at + index < range.upperBound {
          bytes[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
      }
    }

    static func store(_ value: UInt32, _ bytes: inout [UInt8], at offset: Int) {
      for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    static func sum(_ bytes: [UInt8], _ range: Range<Int>, continuing crc: UInt32 = 0) -> UInt32 {
      CRC32C.checksum(bytes.span.extracting(range), continuing: crc)
    }

    /// Forges one structure of `file`.
    mutating func forge(_ file: String, _ bytes: inout [UInt8]) {
      if file.hasSuffix(".segment"), below(4) > 0 {
        return forgeFrame(file, &bytes)
      }
      if file.hasPrefix("segments-") {
        change(&bytes, in: 0..<bytes.count - 4)
        return Self.store(Self.sum(bytes, 0..<bytes.count - 4), &bytes, at: bytes.count - 4)
      }
      if file.hasSuffix(".footer") || file.hasPrefix("index-") {
        return forgePages(&bytes)
      }
      if file == StoreFile.types, bytes.count > HeaderBlock.byteCount {
        return change(&bytes, in: HeaderBlock.byteCount..<bytes.count)
      }
      let block = file == StoreFile.manifest ? below(2) * HeaderBlock.byteCount : 0
      change(&bytes, in: block..<block + 160)
      bytes = HeadedFile.resealed(bytes, at: block)
    }

    private mutating func forgeFrame(_ file: String, _ bytes: inout [UInt8]) {
      let frames =
        (trial.frames.map { ($0.file, $0.bytes) } + trial.controls.map { ($0.file, $0.bytes) })
        .filter { $0.0 == file }
      guard !frames.isEmpty, let salt = salts[file] else { return }
      let range = frames[below(frames.count)].1
      change(&bytes, in: range.lowerBound + 4..<range.upperBound)
      let seed = FrameChecksum(salt: salt).seed(range.lowerBound)
      // The length may be forged as well.
      var end = range.upperBound
      if case .frame(let header) = FrameHeader.probe(
        bytes.span,
        at: range.lowerBound,
        limit: bytes.count
      ) {
        end = range.lowerBound + header.byteCount
      }
      let sum = Self.sum(bytes, range.lowerBound + 4..<end, continuing: seed)
      Self.store(sum, &bytes, at: range.lowerBound)
    }

    private mutating func forgePages(_ bytes: inout [UInt8]) {
      let size = CheckedPages.pageSize
      let pages = (bytes.count - size) / (size + 4)
      let page = below(pages + 1)
      change(&bytes, in: page * size..<page * size + (page == 0 ? 200 : below(2) == 0 ? 128 : size))
      let table = (pages + 1) * size
      for page in 0..<pages {
        let start = (page + 1) * size
        let sum = Self.sum(bytes, start..<start + size, continuing: UInt32(page))
        Self.store(sum, &bytes, at: table + page * 4)
      }
      let sum = Self.sum(bytes, table..<table + pages * 4)
      Self.store(sum, &bytes, at: CheckedPages.tableChecksum.lowerBound)
      bytes = HeadedFile.resealed(bytes)
    }
  }

  @Test(arguments: [(true, UInt64(1)), (false, 2)])
  func forgedStructuresDoNoHarm(isClosed: Bool, seed: UInt64) throws {
    var shape = DamageStore.Shape(segmentCount: isClosed ? 9 : 2)
    shape.isClosed = isClosed
    let trial = try DamageTrial(shape)
    var salts: [String: UInt32] = [:]
    for name in trial.image.segmentNames {
      let bytes = try #require(trial.image.files[name])
      salts[name] = (try? SegmentHeader.decode(bytes.span, file: name))??.salt
    }
    var forger = Forger(
      random: SplitMix64(seed: seed &+ 2 &* (Proof.seed &- 1)),
      trial: trial,
      salts: salts
    )
    let files = trial.image.files.keys.filter { !ByteDamageTests.hints.contains($0) }.sorted()
    let rounds = Proof.share(of: Proof.number("ANNALS_FORGED_ROUNDS") ?? 1_200)
    for round in 0..<rounds {
      let file = files[forger.below(files.count)]
      var bytes = try #require(trial.image.files[file])
      forger.forge(file, &bytes)
      let disk = trial.base.killed()
      try DiskImage.write(bytes, at: 0, of: file, on: disk)
      let started = SystemClock.monotonicNanoseconds()
      for access in [LogOptions.Access.readOnly, .readWrite] {
        guard
          let log = try? EventLog(
            at: DamageStore.path,
            options: DamageStore.options(disk.killed(), access)
          )
        else { continue }
        use(log, trial)
      }
      _ = try? StoreVerifier.verify(
        DamageStore.path,
        options: DamageStore.options(disk.killed(), .readOnly)
      )
      let seconds = Double(SystemClock.monotonicNanoseconds() - started) / 1e9
      if seconds > 120 { Issue.record("round \(round), \(file): \(seconds) s") }
    }
    print(Proof.line("damaged-files", rounds))
  }

  /// Reads in every way; what it says is the forger's.
  private func use(_ log: EventLog, _ trial: DamageTrial) {
    var requests: [ReadRequest] = [.all(), .matching(Query(tags: ["vip"]))]
    for aggregate in trial.oracle.aggregates { requests.append(.aggregate(aggregate)) }
    for request in requests {
      for isReversed in [false, true] {
        var request = request
        request.isReversed = isReversed
        guard var cursor = try? log.cursor(request) else { continue }
        var steps = 0
        var errors = 0
        while steps < 10_000, errors < 20 {
          steps += 1
          do throws(LogError) {
            guard let event = try cursor.next() else { break }
            _ = event.copy()
          } catch {
            errors += 1
          }
        }
        if steps == 10_000 { Issue.record("no end") }
      }
    }
    if log.writer != nil {
      _ = try? log.append([NewEvent(type: "Late", payload: [1])], to: "account-0", key: [7, 2])
      try? log.close()
    }
  }
}
