internal import AnnalsLog

/// Opens a store of which all but the frames of its one segment is sound.
enum FuzzSegment {
  private static let path = "/store"
  private static let salt: UInt32 = 0x5a17
  private static let time: Int64 = 1_750_000_000_000_000
  /// The size of the segment; what does not fit is left out.
  private static let segmentBytes = 16 << 10

  private static func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access
  ) -> LogOptions {
    var options = LogOptions()
    options.fileSystem = disk
    options.access = access
    options.createsStore = false
    options.hasMaintenanceThread = false
    options.firstSegmentBytes = segmentBytes
    options.segmentBytes = segmentBytes
    options.preallocation = .reserve
    options.writtenSyncMilliseconds = 0
    options.clock = { time }
    return options
  }

  /// A disk with the store, its segment without frames.
  private static let base: SimulatedFileSystem? = try? makeBase()

  private static func makeBase() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    let root = try disk.openDirectory(path, create: true)
    let log = try root.openDirectory(StoreFile.logDirectory, create: true)
    let files = StoreFiles(path: path, root: root, log: log)
    let id = FuzzFiles.storeID
    try files.replace(StoreFile.types, in: root, with: TypeFile.encode([], storeID: id).bytes)
    var entry = SegmentList.Entry(id: 1, isSealed: false)
    entry.salt = salt
    entry.baseTime = time
    entry.basePosition = 1
    let segment = try files.createSegment(1, byteCount: segmentBytes)
    let header = SegmentHeader(
      storeID: id,
      segmentID: 1,
      salt: salt,
      basePosition: 1,
      baseTime: time,
      baseRecord: 0,
      predecessorID: 0,
      predecessorChecksum: 0,
      predecessorEnd: 0
    )
    var buffer = ByteBuffer(capacity: 8192)
    header.encode(into: &buffer)
    try segment.write(buffer.bytes, at: 0)
    try segment.sync()
    let list = SegmentList(
      storeID: id,
      generation: 1,
      nextSegment: 2,
      segments: [entry],
      checkpoints: []
    )
    buffer.removeAll()
    list.encode(into: &buffer)
    try files.replace(StoreFile.segmentList(1), in: root, with: buffer.bytes)
    let manifest = Manifest(
      storeID: id,
      generation: 1,
      listGeneration: 1,
      historyID: id,
      historyStart: 0,
      tail: Manifest.Tail(
        segment: 0,
        end: 0,
        position: 0,
        record: 0,
        checksum: 0,
        keySequence: 0
      ),
      isClosed: false
    )
    // Generation 1 stands in slot 1.
    buffer.removeAll()
    buffer.appendZeros(HeaderBlock.byteCount)
    manifest.encode(into: &buffer)
    try files.replace(StoreFile.manifest, in: root, with: buffer.bytes)
    return disk
  }

  private static func put(_ bytes: [UInt8], on disk: SimulatedFileSystem) throws {
    let log = try disk.openDirectory(path + "/log", create: false)
    let file = try log.openFile(StoreFile.segment(1), .readWrite)
    let room = segmentBytes - Segment.firstFrame
    if bytes.isEmpty { return }
    try file.write([UInt8](bytes.prefix(room)).span, at: Segment.firstFrame)
    try file.sync()
  }

  static func run(_ bytes: [UInt8]) {
    guard let disk = base?.killed(), (try? put(bytes, on: disk)) != nil else {
      preconditionFailure("the store is made")
    }
    if let log = try? EventLog(at: path, options: options(disk.killed(), .readOnly)) { use(log) }
    _ = try? StoreVerifier.verify(path, options: options(disk.killed(), .readOnly))
    guard let log = try? EventLog(at: path, options: options(disk, .readWrite)) else { return }
    let before = try? log.read()
    let count = UInt64(before?.count ?? 0)
    let event = NewEvent(type: "Late", payload: [1, 2, 3])
    guard let receipt = try? log.append([event], to: "late-1"), let before else { return }
    precondition(receipt.firstPosition.rawValue > count, "a position was given twice")
    let killed = disk.killed()
    guard let reopened = try? EventLog(at: path, options: options(killed, .readWrite)),
      let after = try? reopened.read()
    else { preconditionFailure("what could be written to can be opened") }
    precondition(after.dropLast() == before[...], "events changed")
    precondition(after.last?.payload == [1, 2, 3], "an acknowledged event is lost")
  }

  /// Reads in every way.
  private static func use(_ log: EventLog) {
    for request in [ReadRequest.all(), .matching(Query(tags: ["vip"])), .aggregate("account-0")] {
      for isReversed in [false, true] {
        var request = request
        request.isReversed = isReversed
        guard var cursor = try? log.cursor(request) else { continue }
        var errors = 0
        while errors < 10 {
          do throws(LogError) {
            guard let event = try cursor.next() else { break }
            _ = event.copy()
          } catch {
            errors += 1
          }
        }
      }
    }
  }

  /// Gives every frame that can be walked to the checksum it needs there.
  static func mend(_ bytes: inout [UInt8]) {
    let checksum = FrameChecksum(salt: salt)
    var offset = 0
    while case .frame(let header) = FrameHeader.probe(bytes.span, at: offset, limit: bytes.count) {
      let sum = CRC32C.checksum(
        bytes.span.extracting(offset + FrameHeader.checkedStart..<offset + header.byteCount),
        continuing: checksum.seed(Segment.firstFrame + offset)
      )
      for index in 0..<4 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: sum >> (8 * index))
      }
      offset += header.byteCount
    }
  }

  /// What a writer writes.
  static var seeds: [[UInt8]] {
    guard let disk = base?.killed() else { return [] }
    return (try? written(disk)) ?? []
  }

  private static func written(_ disk: SimulatedFileSystem) throws -> [[UInt8]] {
    let log = try EventLog(at: path, options: options(disk, .readWrite))
    var first = NewEvent(type: "Opened", payload: [1, 2, 3], tags: ["vip"])
    first.id = EventID(bytes: [UInt8](repeating: 7, count: 16))
    first.metadata = Metadata([Metadata.Pair(name: "actor", value: "ada")])
    try log.append([first], to: "account-0")
    try log.append([NewEvent(type: "Paid", payload: [])], to: "account-0", key: [1, 2])
    let batch = EventBatch()
    for number in 0..<3 {
      let event = NewEvent(type: "Moved", payload: [UInt8(number)], tags: ["vip", "t"])
      try batch.add(event, to: AggregateID("account-\(number)"))
    }
    batch.key = [9]
    try log.append(batch)
    try log.retain(.delete(.aggregate("account-1")))
    try log.append([NewEvent(type: "Closed", payload: [4])], to: "account-2")
    let directory = try disk.openDirectory(path + "/log", create: false)
    let file = try directory.openFile(StoreFile.segment(1), .readOnly)
    let bytes = try file.read(segmentBytes, at: Segment.firstFrame)
    let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
    return [Array(bytes.prefix((end + 7) / 8 * 8))]
  }
}
