/// The first 40 bytes of every binary file of a store.
///
/// Specified in `Format.md`, section "File header".
///
///      0        8      10     12           16           20           24       40
///     +--------+------+------+------------+------------+------------+--------+
///     | magic  | major| minor| must-know  | must-know  | may-ignore | store  |
///     |        |      |      | features   | to write   | features   | id     |
///     +--------+------+------+------------+------------+------------+--------+
package struct FileHeader: Equatable, Sendable {
  /// What the file is, by its first eight bytes.
  ///
  /// The first byte is not ASCII and the last is a line feed, so that a transfer that mangles text
  /// is noticed.
  package enum Magic: UInt64, Sendable, CaseIterable {
    case manifest = 0x0a46_4e4d_4c4e_4189
    case segmentList = 0x0a54_534c_4c4e_4189
    case segment = 0x0a47_4553_4c4e_4189
    case footer = 0x0a54_4f46_4c4e_4189
    case indexCheckpoint = 0x0a58_4449_4c4e_4189
    case types = 0x0a50_5954_4c4e_4189
    case snapshots = 0x0a50_4e53_4c4e_4189
    case snapshotIndex = 0x0a58_4e53_4c4e_4189
    case snapshotDictionary = 0x0a44_4e53_4c4e_4189
    case staging = 0x0a47_5453_4c4e_4189
    case control = 0x0a4c_5443_4c4e_4189
    case consumer = 0x0a53_4e43_4c4e_4189
    case backup = 0x0a50_4b42_4c4e_4189
    case retention = 0x0a54_4552_4c4e_4189
  }

  package enum Layout {
    package static let magic = 0..<8
    package static let major = 8..<10
    package static let minor = 10..<12
    package static let incompatible = 12..<16
    package static let readOnlyCompatible = 16..<20
    package static let compatible = 20..<24
    package static let storeID = 24..<40
    package static let byteCount = storeID.upperBound
  }

  package var magic: Magic
  package var minor: UInt16 = FormatVersion.minor
  package var incompatible: UInt32 = 0
  package var readOnlyCompatible: UInt32 = FormatVersion.readOnlyCompatible
  package var compatible: UInt32 = 0
  package var storeID: StoreID

  /// A header as this build writes it.
  package init(_ magic: Magic, storeID: StoreID) {
    self.magic = magic
    self.storeID = storeID
  }

  /// Appends the 40 bytes.
  package func encode(into buffer: inout ByteBuffer) {
    buffer.append(magic.rawValue)
    buffer.append(FormatVersion.major)
    buffer.append(minor)
    buffer.append(incompatible)
    buffer.append(readOnlyCompatible)
    buffer.append(compatible)
    buffer.append(storeID.low)
    buffer.append(storeID.high)
  }

  /// Reads the header of `file`, which must be of kind `magic`.
  ///
  /// A version or feature this build does not know is told before anything else is judged; whether
  /// to believe it the checksum tells, see `HeaderBlock.header`.
  package static func decode(
    _ bytes: Span<UInt8>,
    _ magic: Magic,
    file: String
  ) throws(LogError) -> FileHeader {
    var reader = ByteReader(bytes)
    guard let found = reader.read(UInt64.self), found == magic.rawValue,
      let major = reader.read(UInt16.self), let minor = reader.read(UInt16.self),
      let incompatible = reader.read(UInt32.self), let readOnly = reader.read(UInt32.self),
      let compatible = reader.read(UInt32.self), let low = reader.read(UInt64.self),
      let high = reader.read(UInt64.self)
    else { throw .corrupt(Corruption(file: file, offset: 0, .magic)) }
    let unknown = incompatible & ~FormatVersion.incompatible(magic)
    guard major == FormatVersion.major, unknown == 0 else {
      throw .unsupportedVersion(
        file: file,
        UnsupportedVersion(major: major, features: unknown)
      )
    }
    var header = FileHeader(magic, storeID: StoreID(high: high, low: low))
    header.minor = minor
    header.incompatible = incompatible
    header.readOnlyCompatible = readOnly
    header.compatible = compatible
    return header
  }

  /// Whether a writer of this build may change the file.
  package var isWritable: Bool { readOnlyCompatible & ~FormatVersion.readOnlyCompatible == 0 }

  /// Whether reserved bytes must be zero.
  ///
  /// A newer minor version, or a feature that may be ignored,
  /// may have put something there.
  package var hasZeroReserve: Bool {
    minor <= FormatVersion.minor && isWritable && compatible & ~FormatVersion.compatible == 0
  }
}

/// What this build reads and writes.
package enum FormatVersion {
  /// Changes when an old reader can not read the layout at all.
  package static let major: UInt16 = 1
  /// Changes when something is added that an old reader may ignore.
  package static let minor: UInt16 = 0
  /// Features a reader must know: those a file of this kind may have.
  package static func incompatible(_ magic: FileHeader.Magic) -> UInt32 {
    magic == .segment ? compressedFrames : 0
  }
  /// The segment holds compressed events frames.
  package static let compressedFrames: UInt32 = 1
  /// Features a writer must know.
  package static let readOnlyCompatible: UInt32 = 0
  /// Features that whoever does not know them may ignore.
  package static let compatible: UInt32 = 0
}

/// A block of 4,096 bytes whose last four are the checksum of all others.
package enum HeaderBlock {
  package static let byteCount = 4096
  package static let checksum = 4092..<4096

  /// Fills `buffer`, whose block began at `start`, with zeros up to the checksum and appends that.
  package static func finish(_ buffer: inout ByteBuffer, from start: Int) {
    buffer.appendZeros(start + checksum.lowerBound - buffer.count)
    let sum = CRC32C.checksum(buffer.bytes.extracting(start..<buffer.count))
    buffer.append(sum)
  }

  /// Reads the header of a block of kind `magic`, and checks the block.
  ///
  /// A version or feature this build does not know is told only where the checksum verifies, whose
  /// place is the same in every version: one changed byte is damage and not the future.
  package static func header(
    _ block: Span<UInt8>,
    _ magic: FileHeader.Magic,
    file: String,
    at offset: Int = 0
  ) throws(LogError) -> FileHeader {
    let header: FileHeader
    do throws(LogError) {
      header = try FileHeader.decode(block, magic, file: file)
    } catch {
      if case .unsupportedVersion = error { try check(block, file: file, at: offset) }
      throw error
    }
    try check(block, file: file, at: offset)
    return header
  }

  /// Checks the block's checksum and that `file` has all of it.
  package static func check(
    _ block: Span<UInt8>,
    file: String,
    at offset: Int = 0
  ) throws(LogError) {
    guard block.count == byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(offset + byteCount),
        actual: UInt64(offset + block.count)
      )
    }
    let stored = block.load(UInt32.self, at: checksum.lowerBound)
    let computed = CRC32C.checksum(block.extracting(0..<checksum.lowerBound))
    guard stored == computed else {
      throw .corrupt(
        Corruption(file: file, offset: offset, .checksum(stored: stored, computed: computed))
      )
    }
  }
}

extension FileHeader {
  /// Whether a file that should be a segment begins as one of the other kinds do.
  package static func isOfAnotherKind(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= Layout.byteCount else { return false }
    let magic = Magic(rawValue: bytes.load(UInt64.self, at: Layout.magic.lowerBound))
    return magic != nil && magic != .segment
  }
}
