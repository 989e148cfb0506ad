/// The limits of a log, each with its reason.
///
/// A breach is a typed error before a byte is written.
public enum Limits {
  /// The most bytes of one payload, unless raised: events are facts, not files, and a reader may
  /// have to hold a copy.
  public static let payloadBytesDefault = 16 << 20
  /// The most bytes of one encoded append, unless raised: it is one frame, and one write.
  public static let appendBytesDefault = 64 << 20
  /// The most an append's limit may be raised to: what the frame's length field holds.
  public static let appendBytesMax = FrameHeader.byteCountMax
  /// The most bytes of an aggregate id: enough for any path-like name, and a bound for an index
  /// key.
  public static let aggregateIDBytesMax = 1024
  /// The most bytes of an event type's name.
  public static let typeBytesMax = 256
  /// The most different event types of one store: a type table is read whole into memory.
  public static let typesMax = 1 << 20
  /// The most tags of one event: each is an entry of the index.
  public static let tagCountMax = 64
  /// The most bytes of one tag.
  public static let tagBytesMax = 256
  /// The most bytes of one event's metadata.
  public static let metadataBytesMax = 64 << 10
  /// The most bytes of an idempotency key: room for two UUIDs as text.
  public static let keyBytesMax = 64
  /// How many keys are remembered at least.
  public static let keysRemembered: UInt64 = 1_000_000
  /// How long keys are remembered at least, in seconds: one is forgotten when both are exceeded.
  public static let keySecondsRemembered: Int64 = 7 * 24 * 3600
  /// The most bytes of a consumer's name: it stands in the header of its slots.
  public static let consumerNameBytesMax = 200
  /// The most bytes of a consumer's state: it is saved and loaded as a whole.
  public static let consumerStateBytesMax = 1 << 30
  /// The most bytes of a retention rule's reason: a sentence or two for people.
  public static let reasonBytesMax = 1024
  /// The most bytes of a state kept as a snapshot, before compression: it bounds what a reader
  /// allocates.
  public static let snapshotStateBytesMax = SnapshotFrame.rawByteCountMax
  /// The greatest position, version, record number or key sequence: an index entry has 56 bits.
  package static let ordinalMax: UInt64 = (1 << 56) - 1
  /// The greatest id of a segment: the index tells it from an event in 32 bits.
  package static let segmentIDMax: SegmentID = (1 << 31) - 2
  /// The greatest generation of a manifest or list: as a file name it has at most 19 digits.
  package static let generationMax = UInt64(Int64.max)
  /// The most a segment's size may be set to: an index names a frame in it by 32 bits, in units of
  /// 8 bytes, and an append may be larger than what is left.
  public static let segmentBytesMax = 16 << 30
  /// The most events of one segment: an index entry names one in 23 bits.
  package static let segmentEventsMax = (1 << 23) - 2
  /// A group of appends is closed when its payloads reach this: more would only delay the first.
  package static let groupBytesMax = 1 << 20
}
