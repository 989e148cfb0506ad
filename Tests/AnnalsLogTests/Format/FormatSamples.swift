import AnnalsLog

/// The values that the vectors of the format document stand for.
enum FormatSamples {
  static let storeID = StoreID(high: 0x0f0e_0d0c_0b0a_0908, low: 0x0706_0504_0302_0100)
  static let historyID = StoreID(high: 0x1f1e_1d1c_1b1a_1918, low: 0x1716_1514_1312_1110)
  static let digest = KeyHash(high: 0x3f3e_3d3c_3b3a_3938, low: 0x3736_3534_3332_3130)
  static let salt: UInt32 = 0x5a17_a11d
  static let base = SegmentBase(position: 1001, time: 1_767_225_600_000_000)
  static let lastChecksum: UInt32 = 0x1138_d37a
  static let typeNames = ["Opened", "Closed", "Deposited"]

  /// Where the frames of the sample segment stand.
  static let typesOffset = 4096
  static let loneOffset = 4136
  static let groupOffset = 4176
  static let end = 4272

  static let segmentHeader = SegmentHeader(
    storeID: storeID,
    segmentID: 3,
    salt: salt,
    basePosition: base.position,
    baseTime: base.time,
    baseRecord: 2,
    predecessorID: 2,
    predecessorChecksum: 0x1122_3344,
    predecessorEnd: 0x4000
  )

  static func manifest(generation: UInt64, isClosed: Bool) -> Manifest {
    Manifest(
      storeID: storeID,
      generation: generation,
      listGeneration: 2,
      historyID: historyID,
      historyStart: 0,
      tail: Manifest.Tail(
        segment: 3,
        end: UInt64(end),
        position: 1006,
        record: 2,
        checksum: lastChecksum,
        keySequence: 4
      ),
      isClosed: isClosed
    )
  }

  static let segmentList: SegmentList = {
    var sealed = SegmentList.Entry(id: 2, isSealed: true)
    sealed.basePosition = 1
    sealed.lastPosition = 1000
    sealed.lastRecord = 2
    sealed.end = 16_384
    sealed.keySequence = 4
    sealed.lastChecksum = 0x1122_3344
    sealed.salt = 0x0bad_cafe
    sealed.baseTime = base.time - 86_400_000_000
    var inWriting = SegmentList.Entry(id: 3, isSealed: false)
    inWriting.basePosition = base.position
    inWriting.salt = salt
    inWriting.baseTime = base.time
    let checkpoint = SegmentList.Checkpoint(
      generation: 1,
      firstSegment: 2,
      lastSegment: 2,
      keyCount: 40
    )
    return SegmentList(
      storeID: storeID,
      generation: 2,
      nextSegment: 4,
      segments: [sealed, inWriting],
      checkpoints: [checkpoint]
    )
  }()

  static let snapshot = SnapshotFrame(
    history: historyID,
    version: 9,
    position: 1004,
    eventDigest: digest,
    fingerprint: 0x0123_4567_89ab_cdef,
    rawByteCount: 14
  )

  static let staging = StagingHeader(
    storeID: storeID,
    salt: 0x1122_3344_5566_7788,
    capacity: 65_536
  )

  /// The events frames, by the names of their vectors, and where they stand.
  static let frames: [String: (draft: FrameDraft, offset: Int)] = [
    "frame-lone": (
      FrameDraft(
        time: 1_000_000,
        distance: 5,
        isLone: true,
        events: [.init(aggregate: "account-1", version: 7, type: 3, payload: "{\"amount\":5}")],
        appends: [1]
      ), loneOffset
    ),
    "frame-group": (
      FrameDraft(
        position: 1,
        time: 2_000_000,
        events: [
          .init(aggregate: "account-1", version: 8, type: 3, payload: "a"),
          .init(aggregate: "account-22", version: 1, type: 1, payload: ""),
          .init(aggregate: "account-1", version: 9, type: 3, time: 1, payload: "bcd"),
          .init(aggregate: "account-22", version: 2, type: 2, time: -1, payload: "e"),
          .init(aggregate: "order-7", version: 300, type: 3, time: 5, payload: "fg"),
        ],
        appends: [3, 2]
      ), groupOffset
    ),
    "frame-sparse": (
      FrameDraft(
        events: [
          .init(aggregate: "a-1", version: 10, payload: "x"),
          .init(aggregate: "a-1", version: 13, payload: "y"),
        ],
        appends: [1, 1],
        positions: [0, 4]
      ), 4096
    ),
    "frame-extras": (
      FrameDraft(
        events: [
          .init(
            aggregate: "a-1",
            version: 1,
            payload: "x",
            id: Array(0x20..<0x30),
            tags: ["red", "blue"]
          ),
          .init(
            aggregate: "b-2",
            version: 1,
            payload: "y",
            tags: ["blue"],
            metadata: [.init(name: "correlation", value: "c1")]
          ),
        ],
        appends: [2]
      ), 4096
    ),
    "frame-key": (
      FrameDraft(
        events: [.init(aggregate: "a-1", version: 1, payload: "x")],
        appends: [1],
        keys: [.init(append: 0, key: "k1", digest: digest, sequence: 5, time: -1)]
      ), 4096
    ),
  ]

  /// The bytes of a value's encoder.
  static func bytes(_ encode: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    encode(&buffer)
    return buffer.bytes.array
  }

  /// A frame whose encoder leaves out the checksum, with the checksum.
  static func sealed(_ offset: Int, _ encode: (inout ByteBuffer) -> Int) -> [UInt8] {
    var buffer = ByteBuffer()
    let start = encode(&buffer)
    let sum = FrameChecksum(salt: salt).checksum(buffer.bytes, start..<buffer.count, at: offset)
    buffer.store(sum, at: start)
    return buffer.bytes.array
  }

  /// The control frame of `subject` as the engine makes it.
  static func control(
    _ subject: ControlFrame.Subject,
    next: UInt64,
    record: UInt64 = 2,
    content: [UInt8] = [],
    at offset: Int
  ) -> [UInt8] {
    sealed(offset) {
      ControlFrame.encode(
        subject,
        nextPosition: next,
        record: record,
        undurableUnits: 0,
        content: content.span,
        into: &$0
      )
    }
  }

  /// A rule that deletes an aggregate.
  static let retention = RetentionRecord(
    .delete,
    .aggregate,
    time: base.time + 3_000_000,
    value: 9,
    name: Array("account-1".utf8),
    reason: Array("asked".utf8)
  )

  /// The control frame of that rule.
  static var retentionFrame: [UInt8] {
    let content = bytes { retention.encode(baseTime: base.time, into: &$0) }
    return control(.retention, next: 6, record: 3, content: content, at: end)
  }

  /// What left by that rule.
  static let removal: Removal = {
    var removal = Removal()
    removal.groups = [Removal.Group(record: 3, runs: [1002...1002, 1004...1005])]
    let hash = KeyHasher(storeID).hash(Array("account-1".utf8).span, .aggregate)
    removal.versions = [Removal.LastVersion(hash: hash, version: 9)]
    return removal
  }()

  /// The control frame of that.
  static var removalFrame: [UInt8] {
    control(.removal, next: 6, content: bytes { removal.encode(base: 1001, into: &$0) }, at: 4136)
  }

  /// The content of a control frame of types.
  static func typesContent(_ names: [String]) -> [UInt8] {
    bytes { TypeNames.encode(names[...], into: &$0) }
  }

  /// The snapshot frame with its state.
  static func snapshotFrame(at offset: Int) -> [UInt8] {
    sealed(offset) {
      snapshot.encode(
        aggregate: Array("account-1".utf8).span,
        state: Array("{\"balance\":12}".utf8).span,
        into: &$0
      )
    }
  }
}

extension Mapping {
  /// A mapping of memory that holds `bytes`.
  static func holding(_ bytes: [UInt8]) -> Mapping {
    let base = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
    unsafe bytes.withUnsafeBytes {
      unsafe base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count)
    }
    return unsafe Mapping(base: base, count: bytes.count, owner: nil) { base, _ in
      unsafe base.deallocate()
    }
  }
}
