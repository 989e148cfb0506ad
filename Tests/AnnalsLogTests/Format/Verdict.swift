import AnnalsLog

/// How a decoder judged bytes.
enum Verdict: Equatable {
  case whole
  case unwritten
  case truncated
  case corrupt
  case unsupported
  case other

  /// The verdict of a decoder that throws.
  init(_ decode: () throws(LogError) -> Void) {
    do throws(LogError) {
      try decode()
      self = .whole
    } catch {
      switch error {
      case .truncatedFile: self = .truncated
      case .corrupt: self = .corrupt
      case .unsupportedVersion: self = .unsupported
      default: self = .other
      }
    }
  }

  /// Whether the bytes were refused as damaged.
  var isDamage: Bool { self == .truncated || self == .corrupt || self == .unsupported }
}

/// A structure that begins with a file header, with a whole example and its decoder.
struct HeadedFile: Sendable {
  let name: String
  let bytes: [UInt8]
  let decode: @Sendable ([UInt8]) -> Verdict

  /// The header block that begins at `offset`, made valid again after a change.
  static func resealed(_ bytes: [UInt8], at offset: Int = 0) -> [UInt8] {
    var changed = bytes
    // Of a file that is no block the last four bytes are the checksum.
    let end = min(offset + HeaderBlock.byteCount, bytes.count) - 4
    let sum = CRC32C.checksum(bytes.span.extracting(offset..<end))
    for index in 0..<4 {
      changed[end + index] =
        UInt8(truncatingIfNeeded: sum >> (8 * index))
    }
    return changed
  }

  static let manifest = HeadedFile(
    name: "manifest",
    bytes: FormatSamples.bytes {
      FormatSamples.manifest(generation: 7, isClosed: true).encode(into: &$0)
    },
    decode: { bytes in
      Verdict { () throws(LogError) in _ = try Manifest.decode(bytes.span, slot: 0) }
    }
  )

  static let segmentHeader = HeadedFile(
    name: "segment header",
    bytes: FormatSamples.bytes { FormatSamples.segmentHeader.encode(into: &$0) },
    decode: { bytes in
      var isUnwritten = false
      let verdict = Verdict { () throws(LogError) in
        isUnwritten = try SegmentHeader.decode(bytes.span, file: "") == nil
      }
      return isUnwritten ? .unwritten : verdict
    }
  )

  static let staging = HeadedFile(
    name: "staging",
    bytes: FormatSamples.bytes { FormatSamples.staging.encode(into: &$0) },
    decode: { bytes in
      Verdict { () throws(LogError) in _ = try StagingHeader.decode(bytes.span) }
    }
  )

  static let segmentList = HeadedFile(
    name: "segment list",
    bytes: FormatSamples.bytes { FormatSamples.segmentList.encode(into: &$0) },
    decode: { bytes in
      Verdict { () throws(LogError) in _ = try SegmentList.decode(bytes.span, file: "") }
    }
  )

  static let checkedPages = HeadedFile(
    name: "checked pages",
    bytes: CheckedSample.file(.footer, fields: [1, 2, 3], body: noise(5000)),
    decode: { bytes in
      let mapping = Mapping.holding(bytes)
      return Verdict { () throws(LogError) in
        let file = try CheckedFile(
          mapping,
          .footer,
          storeID: FormatSamples.storeID,
          name: ""
        )
        try file.check(0..<file.byteCount)
      }
    }
  )

  static let all = [
    manifest, segmentHeader, staging, segmentList, checkedPages, snapshotFile, snapshotIndex,
    snapshotDictionary,
  ]
}

extension HeadedFile: CustomStringConvertible {
  var description: String { name }
}

/// Makes files of checked pages.
enum CheckedSample {
  /// A file with `fields` behind the common ones.
  static func file(_ magic: FileHeader.Magic, fields: [UInt8], body: [UInt8]) -> [UInt8] {
    var header = ByteBuffer()
    FileHeader(magic, storeID: FormatSamples.storeID).encode(into: &header)
    header.appendZeros(CheckedPages.fields - header.count)
    header.append(fields.span)
    var content = ByteBuffer()
    content.append(body.span)
    var file = ByteBuffer()
    CheckedPages.finish(header: header, body: &content, into: &file)
    return file.bytes.array
  }
}
