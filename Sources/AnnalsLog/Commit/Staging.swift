/// The staging file as the writer uses it: two halves, each holding the events of one commit group
/// that were acknowledged before their frame was written.
///
/// Specified in `Format.md`, section "Staging". A store into its mapping survives the process as a
/// written frame does, and costs no system call. While one half's events are being framed, the
/// other takes the next ones.
package struct Staging: ~Copyable {
  private let file: any LogFile
  private let mapping: Mapping
  private var header: StagingHeader
  /// The bytes used of each half.
  private var used = [0, 0]
  private var entry = ByteBuffer(capacity: 1024)

  /// Over a mapping of the whole file, whose entries are all zero.
  package init(_ file: any LogFile, _ mapping: Mapping, _ header: StagingHeader) {
    self.file = file
    self.mapping = mapping
    self.header = header
  }

  /// The most bytes of an entry beside id and payload.
  private static let overheadMax = 64

  /// Whether an event with so many bytes of id and payload fits behind what `half` holds, and is
  /// not so large that it had better be written by itself.
  func hasRoom(_ byteCount: Int, in half: Int) -> Bool {
    let size = byteCount + Self.overheadMax
    return size <= StagingHeader.halfByteCount / 4
      && used[half] + size <= StagingHeader.halfByteCount
  }

  /// Begins a half anew: what it held is framed.
  mutating func begin(_ half: Int) { used[half] = 0 }

  /// Puts the event of a batch of one behind what `half` holds.
  mutating func put(
    _ batch: borrowing BatchContents,
    in half: Int,
    position: UInt64,
    version: UInt64,
    time: Int64
  ) {
    entry.removeAll()
    let offset = StagingHeader.offset(ofHalf: half) + used[half]
    StagedEvent.encode(
      batch,
      position: position,
      version: version,
      type: batch.typeNumbers[Int(batch.items[0].type)],
      time: time,
      at: offset,
      header.checksum,
      into: &entry
    )
    mapping.write(entry.bytes, at: offset)
    used[half] += entry.count
  }

  /// Makes the halves zero.
  ///
  /// Only while nothing in them is still to be framed. Not synced: what is framed and durable may
  /// come back.
  package mutating func clear() {
    mapping.clear(StagingHeader.Layout.byteCount..<StagingHeader.fileByteCount)
    used = [0, 0]
  }

  /// As `clear`, and durably.
  package mutating func erase() throws(LogError) {
    clear()
    try file.sync()
  }
}
