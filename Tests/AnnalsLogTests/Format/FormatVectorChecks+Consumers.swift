import AnnalsLog
import AnnalsTesting
import Testing

/// The vectors of what consumers keep.
extension FormatVectorChecks {
  static let eventDigest: Check = { bytes in
    let log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
    let event = NewEvent(
      type: "Deposited",
      payload: Array("{\"amount\":5}".utf8),
      time: Timestamp(microseconds: FormatSamples.base.time),
      id: EventID(bytes: Array(0x20..<0x30)),
      tags: ["red"],
      metadata: Metadata([.init(name: "a", value: "b")])
    )
    try log.append([event], to: "account-1")
    var cursor = try log.cursor()
    var encoded: [UInt8] = []
    while let view = try cursor.next() {
      var buffer = ByteBuffer()
      EventDigest.encode(view, into: &buffer)
      let hash = EventDigest.digest(view, KeyHasher(FormatSamples.storeID))
      buffer.append(hash.low)
      buffer.append(hash.high)
      encoded = buffer.bytes.array
    }
    #expect(encoded == bytes)
  }

  static let backupCatalog: Check = { bytes in
    let expected = BackupCatalog(
      storeID: FormatSamples.storeID,
      generation: 3,
      position: 1006,
      time: FormatSamples.base.time,
      typesByteCount: 4131,
      typesChecksum: 0x4433_2211,
      segments: [.init(id: 3, checksum: 0x8877_6655, byteCount: 4272, eventCount: 6)]
    )
    #expect(FormatSamples.bytes { expected.encode(into: &$0) } == bytes)
    let found = try BackupCatalog.decode(bytes.span, file: "")
    #expect(found == expected)
  }

  static let consumerSlot: Check = { bytes in
    let state = Array("{\"balance\":12}".utf8)
    let expected = ConsumerHeader(
      storeID: FormatSamples.storeID,
      sequence: 5,
      position: 1004,
      history: FormatSamples.historyID,
      eventDigest: FormatSamples.digest,
      fingerprint: 0x0123_4567_89ab_cdef,
      rawByteCount: state.count,
      storedByteCount: state.count,
      stateChecksum: ConsumerHeader.checksum(state.span, sequence: 5),
      kind: ConsumerRecord.Kind.projection.rawValue,
      isCompressed: false,
      name: Array("orders".utf8)
    )
    let made = FormatSamples.bytes {
      expected.encode(into: &$0)
      $0.append(state.span)
    }
    #expect(made == bytes)
    let header = try ConsumerHeader.decode(bytes.span, file: "")
    #expect(header == expected)
  }
}
