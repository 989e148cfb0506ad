/// The first 512 bytes of a consumer's slot; its state follows them.
///
/// Specified in `Format.md`, section "Consumer slot".
package struct ConsumerHeader: Equatable, Sendable {
  package enum Layout {
    package static let sequence = 40..<48
    package static let position = 48..<56
    package static let historyID = 56..<72
    package static let eventDigest = 72..<88
    package static let fingerprint = 88..<96
    package static let rawByteCount = 96..<104
    package static let storedByteCount = 104..<112
    package static let stateChecksum = 112..<116
    package static let kind = 116..<117
    package static let compressed = 117..<118
    package static let nameByteCount = 118..<120
    package static let name = 120..<320
    package static let reserved = 320..<508
    package static let checksum = 508..<512
    package static let byteCount = checksum.upperBound
  }

  package var storeID: StoreID
  /// Counts the saves; of two whole slots the one with the higher number counts.
  package var sequence: UInt64
  package var position: UInt64
  package var history: StoreID
  package var eventDigest: KeyHash
  package var fingerprint: UInt64
  /// The bytes of the state before compression.
  package var rawByteCount: Int
  /// The bytes of the state as they stand behind the header.
  package var storedByteCount: Int
  package var stateChecksum: UInt32
  package var kind: UInt8
  package var isCompressed: Bool
  package var name: [UInt8]

  /// The checksum of `state`, as it is stored, under the save with number `sequence`.
  package static func checksum(_ state: Span<UInt8>, sequence: UInt64) -> UInt32 {
    CRC32C.checksum(state, continuing: UInt32(truncatingIfNeeded: sequence))
  }

  /// Appends the 512 bytes.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.consumer, storeID: storeID).encode(into: &buffer)
    buffer.append(sequence)
    buffer.append(position)
    buffer.append(history.low)
    buffer.append(history.high)
    buffer.append(eventDigest.low)
    buffer.append(eventDigest.high)
    buffer.append(fingerprint)
    buffer.append(UInt64(rawByteCount))
    buffer.append(UInt64(storedByteCount))
    buffer.append(stateChecksum)
    buffer.append(kind)
    buffer.append(UInt8(isCompressed ? 1 : 0))
    buffer.append(UInt16(name.count))
    buffer.append(name.span)
    buffer.appendZeros(start + Layout.checksum.lowerBound - buffer.count)
    buffer.append(buffer.checksum(from: start))
  }

  /// Reads the header of `file`; the state is not looked at.
  package static func decode(
    _ bytes: Span<UInt8>,
    file: String
  ) throws(LogError) -> ConsumerHeader {
    let header = try FileHeader.decode(bytes, .consumer, file: file)
    guard bytes.count >= Layout.byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let stored = bytes.load(UInt32.self, at: Layout.checksum.lowerBound)
    let computed = CRC32C.checksum(bytes.extracting(0..<Layout.checksum.lowerBound))
    guard stored == computed else {
      throw .corrupt(
        Corruption(file: file, offset: 0, .checksum(stored: stored, computed: computed))
      )
    }
    let nameCount = Int(bytes.load(UInt16.self, at: Layout.nameByteCount.lowerBound))
    let raw = bytes.load(UInt64.self, at: Layout.rawByteCount.lowerBound)
    let kept = bytes.load(UInt64.self, at: Layout.storedByteCount.lowerBound)
    let compressed = bytes[Layout.compressed.lowerBound]
    let nameEnd = Layout.name.lowerBound + nameCount
    guard nameCount >= 1, nameCount <= Limits.consumerNameBytesMax, compressed <= 1,
      raw <= UInt64(Limits.consumerStateBytesMax), compressed == 1 ? kept < raw : kept == raw,
      !header.hasZeroReserve || bytes.isZero(nameEnd..<Layout.reserved.upperBound)
    else { throw .corrupt(Corruption(file: file, offset: 0, .malformed(.consumer))) }
    func word(_ range: Range<Int>, _ index: Int = 0) -> UInt64 {
      bytes.load(UInt64.self, at: range.lowerBound + index * 8)
    }
    return ConsumerHeader(
      storeID: header.storeID,
      sequence: word(Layout.sequence),
      position: word(Layout.position),
      history: StoreID(high: word(Layout.historyID, 1), low: word(Layout.historyID)),
      eventDigest: KeyHash(high: word(Layout.eventDigest, 1), low: word(Layout.eventDigest)),
      fingerprint: word(Layout.fingerprint),
      rawByteCount: Int(raw),
      storedByteCount: Int(kept),
      stateChecksum: bytes.load(UInt32.self, at: Layout.stateChecksum.lowerBound),
      kind: bytes[Layout.kind.lowerBound],
      isCompressed: compressed == 1,
      name: bytes.extracting(Layout.name.lowerBound..<nameEnd).array
    )
  }

  package init(
    storeID: StoreID,
    sequence: UInt64,
    position: UInt64,
    history: StoreID,
    eventDigest: KeyHash,
    fingerprint: UInt64,
    rawByteCount: Int,
    storedByteCount: Int,
    stateChecksum: UInt32,
    kind: UInt8,
    isCompressed: Bool,
    name: [UInt8]
  ) {
    self.storeID = storeID
    self.sequence = sequence
    self.position = position
    self.history = history
    self.eventDigest = eventDigest
    self.fingerprint = fingerprint
    self.rawByteCount = rawByteCount
    self.storedByteCount = storedByteCount
    self.stateChecksum = stateChecksum
    self.kind = kind
    self.isCompressed = isCompressed
    self.name = name
  }
}
