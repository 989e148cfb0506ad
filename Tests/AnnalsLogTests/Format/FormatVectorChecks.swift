import AnnalsLog
import AnnalsTesting
import Testing

/// What each vector of the format document must decode to, and be made again from.
enum FormatVectorChecks {
  typealias Check = @Sendable ([UInt8]) throws -> Void

  /// The checks, by the names of the vectors.
  static let all: [String: Check] = {
    var checks: [String: Check] = [
      "file-header": fileHeader, "manifest": manifest, "segment-list": segmentList,
      "segment-header": segmentHeader, "control-watermark": watermark, "control-types": types,
      "key-table-entry": keyTableEntry, "footer": footer, "index-checkpoint": indexCheckpoint,
      "snapshot-frame": snapshot, "staging-header": staging, "staged-event": staged,
      "types-record": typesRecord,
      "event-digest": eventDigest, "consumer-slot": consumerSlot,
      "backup-catalog": backupCatalog,
      "control-retention": retention, "control-removal": removal,
      "snapshot-file": snapshotFile, "snapshot-index": snapshotIndex,
      "snapshot-dictionary": snapshotDictionary,
      "frame-compressed": compressedFrame,
    ]
    for name in FormatSamples.frames.keys { checks[name] = { try eventsFrame(name, $0) } }
    return checks
  }()

  private static func fileHeader(_ bytes: [UInt8]) throws {
    let header = try FileHeader.decode(bytes.span, .segment, file: "")
    #expect(header == FileHeader(.segment, storeID: FormatSamples.storeID))
    #expect(bytes == FormatSamples.bytes { header.encode(into: &$0) })
    #expect(bytes.count == FileHeader.Layout.byteCount)
  }

  private static func manifest(_ bytes: [UInt8]) throws {
    let older = try Manifest.decode(bytes.span, slot: 0)
    let newer = try Manifest.decode(bytes.span, slot: 1)
    #expect(older == FormatSamples.manifest(generation: 7, isClosed: false))
    #expect(newer == FormatSamples.manifest(generation: 8, isClosed: true))
    #expect(
      bytes
        == FormatSamples.bytes {
          older.encode(into: &$0)
          newer.encode(into: &$0)
        }
    )
  }

  private static func segmentList(_ bytes: [UInt8]) throws {
    let list = try SegmentList.decode(bytes.span, file: "")
    #expect(list == FormatSamples.segmentList)
    #expect(bytes == FormatSamples.bytes { list.encode(into: &$0) })
  }

  private static func segmentHeader(_ bytes: [UInt8]) throws {
    let decoded = try SegmentHeader.decode(bytes.span, file: "")
    let header = try #require(decoded)
    #expect(header == FormatSamples.segmentHeader)
    #expect(bytes == FormatSamples.bytes { header.encode(into: &$0) })
  }

  private static func eventsFrame(_ name: String, _ bytes: [UInt8]) throws {
    let sample = try #require(FormatSamples.frames[name])
    #expect(checksum(bytes, at: sample.offset))
    // At an offset that can hold the distance.
    let placed = [UInt8](repeating: 0, count: sample.offset) + bytes
    #expect(FrameDraft.decode(placed, at: sample.offset, FormatSamples.base) == sample.draft)
    #expect(bytes == sample.draft.encode(at: sample.offset, salt: FormatSamples.salt))
  }

  private static func compressedFrame(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: 4096))
    let plain = CompressedFrameTests.draft.encode(at: 4096, salt: FormatSamples.salt)
    #expect(bytes == CompressedFrameTests.pack(plain, at: 4096))
    let isConsistent = CompressedFrame.isConsistent(
      bytes.span,
      at: 0,
      byteCount: bytes.count,
      FormatSamples.base
    )
    #expect(isConsistent)
  }

  private static func watermark(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: FormatSamples.end))
    let frame = try #require(control(bytes))
    #expect(frame.subject == .watermark)
    #expect(frame.nextPosition == 1007)
    #expect(frame.record == 2)
    #expect(frame.undurableUnits == 0)
    #expect(frame.contentOffset == frame.contentEnd)
    #expect(bytes == FormatSamples.control(.watermark, next: 6, at: FormatSamples.end))
  }

  private static func types(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: FormatSamples.typesOffset))
    let frame = try #require(control(bytes))
    #expect(frame.subject == .types)
    #expect(frame.nextPosition == 1001)
    #expect(frame.record == 2)
    let content = Array(bytes[frame.contentOffset..<frame.contentEnd])
    let decoded = TypeNames.decode(content.span)
    let names = try #require(decoded)
    #expect(names.first == 1)
    #expect(names.names == FormatSamples.typeNames)
    #expect(content == FormatSamples.typesContent(names.names))
    #expect(
      bytes
        == FormatSamples.control(
          .types,
          next: 0,
          content: content,
          at: FormatSamples.typesOffset
        )
    )
  }

  private static func retention(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: FormatSamples.end))
    let frame = try #require(control(bytes))
    #expect(frame.subject == .retention)
    #expect(frame.nextPosition == 1007)
    #expect(frame.record == 3)
    let content = Array(bytes[frame.contentOffset..<frame.contentEnd])
    let record = RetentionRecord.decode(content.span, baseTime: FormatSamples.base.time)
    #expect(record == FormatSamples.retention)
    #expect(bytes == FormatSamples.retentionFrame)
  }

  private static func removal(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: 4136))
    let frame = try #require(control(bytes))
    #expect(frame.subject == .removal)
    #expect(frame.nextPosition == 1007)
    #expect(frame.record == 2)
    let content = Array(bytes[frame.contentOffset..<frame.contentEnd])
    #expect(Removal.decode(content.span, base: 1001) == FormatSamples.removal)
    #expect(bytes == FormatSamples.removalFrame)
  }

  private static func snapshot(_ bytes: [UInt8]) throws {
    #expect(checksum(bytes, at: 4096))
    let decoded = SnapshotFrame.decode(bytes.span, at: 0, byteCount: bytes.count)
    let frame = try #require(decoded)
    #expect(
      String(decoding: bytes[frame.idOffset..<frame.idOffset + 9], as: UTF8.self) == "account-1"
    )
    #expect(
      String(decoding: bytes[frame.stateOffset..<frame.stateEnd], as: UTF8.self)
        == "{\"balance\":12}"
    )
    var fields = frame
    (fields.idOffset, fields.idCount, fields.stateOffset, fields.stateEnd) = (0, 0, 0, 0)
    #expect(fields == FormatSamples.snapshot)
    #expect(bytes == FormatSamples.snapshotFrame(at: 4096))
  }

  private static func staging(_ bytes: [UInt8]) throws {
    let header = try StagingHeader.decode(bytes.span)
    #expect(header == FormatSamples.staging)
    #expect(bytes == FormatSamples.bytes { header.encode(into: &$0) })
  }

  private static func staged(_ bytes: [UInt8]) throws {
    let header = FormatSamples.staging
    let file = FormatSamples.bytes { header.encode(into: &$0) } + bytes
    let events = StagedEvent.all(file.span, header)
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.position == 1007 && event.version == 10 && event.type == 2)
    #expect(event.time == 1_767_225_600_000_000)
    #expect(Array(file[event.id]) == Array("account-1".utf8))
    #expect(Array(file[event.payload]) == Array("{\"cents\":5}".utf8))
    let batch = EventBatch()
    try batch.add(
      "b",
      to: file.span.extracting(event.id),
      payload: file.span.extracting(event.payload)
    )
    let again = FormatSamples.bytes { buffer in
      StagedEvent.encode(batch, event, at: 4096, header.checksum, into: &buffer)
    }
    #expect(again == bytes)
  }

  private static func typesRecord(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes.span)
    let sum = reader.read(UInt32.self)
    let length = reader.read(UInt16.self)
    let name = bytes.dropFirst(6)
    let computed = CRC32C.checksum(bytes.span.extracting(4..<bytes.count), continuing: 3)
    #expect(sum == computed)
    #expect(length == UInt16(name.count))
    #expect(Array(name) == Array(FormatSamples.typeNames[2].utf8))
  }

  private static func control(_ bytes: [UInt8]) -> ControlFrame? {
    guard
      case .frame(let header) = FrameHeader.probe(bytes.span, at: 0, limit: bytes.count),
      header.knownKind == .control
    else { return nil }
    return ControlFrame.decode(
      bytes.span,
      at: 0,
      byteCount: header.byteCount,
      FormatSamples.base
    )
  }

  private static func checksum(_ bytes: [UInt8], at offset: Int) -> Bool {
    let computed = FrameChecksum(salt: FormatSamples.salt).checksum(
      bytes.span,
      0..<bytes.count,
      at: offset
    )
    return bytes.span.load(UInt32.self, at: 0) == computed
  }
}
