/// The fixed prefix of every frame.
///
/// Specified in `Format.md`, section "Frame".
///
///      0          4                          8
///     +----------+--------------------+------+
///     | crc32c   | length / 8 (28 bit)| kind |
///     +----------+--------------------+------+
package struct FrameHeader: Equatable, Sendable, BitwiseCopyable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    // Zero is never assigned: it is what unwritten, preallocated space reads as. 8 to 15 may be
    // skipped by a reader that does not know them; 4 to 7 may not.
    case events = 1
    case control = 2
    case snapshot = 3
    case compressedEvents = 4
  }

  package enum Layout {
    package static let checksum = 0..<4
    package static let lengthAndKind = 4..<8
    package static let byteCount = lengthAndKind.upperBound
  }

  /// Where what the checksum covers begins: length and kind are covered.
  @inline(__always)
  package static var checkedStart: Int {
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .headerOutsideChecksum { return Layout.byteCount }
    #endif
    return Layout.lengthAndKind.lowerBound
  }

  /// Frames begin at multiples of this, and their lengths are counted in it.
  package static let unit = 8
  /// The shortest frame a writer makes.
  package static let byteCountMin = 16
  /// 28 bits of units: 2 GiB less one unit.
  package static let byteCountMax = ((1 << 28) - 1) * unit

  package var checksum: UInt32
  package var kind: UInt8
  /// The length of the whole frame, this header and the padding included.
  package var byteCount: Int

  /// The kind, where this build knows it.
  package var knownKind: Kind? { Kind(rawValue: kind) }
  /// Whether the frame holds events, plain or compressed.
  @inline(__always)
  package var holdsEvents: Bool { knownKind == .events || knownKind == .compressedEvents }
  /// Whether a reader that does not know the kind may pass over the frame.
  package var isSkippable: Bool { kind >= 8 }

  /// The second word of a frame of `byteCount` bytes.
  package static func lengthAndKind(_ byteCount: Int, _ kind: Kind) -> UInt32 {
    UInt32(byteCount / unit) | UInt32(kind.rawValue) << 28
  }
}

/// What stands at an offset where a frame may begin.
package enum FrameProbe: Equatable, Sendable {
  /// A header whose length fits the file; its checksum is not checked yet.
  case frame(FrameHeader)
  /// Eight zero bytes: the writer never got this far.
  case unwritten
  /// The file ends before the frame does.
  case truncated(needed: Int, available: Int)
  /// No writer makes this.
  case malformed
}

extension FrameHeader {
  /// Reads the header at `offset` of a segment whose bytes end at `limit`.
  @inline(__always)
  package static func probe(_ bytes: Span<UInt8>, at offset: Int, limit: Int) -> FrameProbe {
    guard offset >= 0, offset + Layout.byteCount <= limit else {
      return .truncated(needed: Layout.byteCount, available: max(0, limit - offset))
    }
    let word = bytes.load(UInt64.self, at: offset)
    if word == 0 { return .unwritten }
    let high = UInt32(truncatingIfNeeded: word >> 32)
    let byteCount = Int(high & 0x0fff_ffff) &* unit
    let kind = UInt8(high >> 28)
    guard kind != 0, byteCount >= byteCountMin else { return .malformed }
    guard byteCount <= limit - offset else {
      return .truncated(needed: byteCount, available: limit - offset)
    }
    return .frame(
      FrameHeader(
        checksum: UInt32(truncatingIfNeeded: word),
        kind: kind,
        byteCount: byteCount
      )
    )
  }
}

/// The checksum of a frame: CRC-32C over its bytes behind the checksum, seeded with the segment's
/// salt and the frame's offset, so that a frame in the wrong place, or left from an earlier life of
/// the file, does not verify.
package struct FrameChecksum: Sendable, BitwiseCopyable {
  private let salt: UInt32

  /// Checksums under one segment's salt.
  package init(salt: UInt32) {
    self.salt = salt
  }

  /// The state before the first byte of a frame at `offset`.
  package func seed(_ offset: Int) -> UInt32 {
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .checksumWithoutSaltAndOffset { return 0 }
    #endif
    // Mixed arithmetically, not by hashing 12 more bytes: any difference in salt or offset changes
    // the seed, and a changed seed changes the checksum of every message.
    return salt ^ UInt32(truncatingIfNeeded: offset >> 3) &* 0x9e37_79b1
  }

  /// The checksum of the frame at `offset`, whose bytes are `range` of `bytes`.
  package func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>, at offset: Int) -> UInt32 {
    let bodyStart = range.lowerBound + FrameHeader.checkedStart
    let body = bytes.extracting(bodyStart..<range.upperBound)
    return CRC32C.checksum(body, continuing: seed(offset))
  }
}
