internal import AnnalsLog

/// Decodes whole files, laid out from a few bytes with checksums that fit.
enum FuzzFiles {
  static let storeID = StoreID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
  private static let name = "fuzzed"
  /// How many bytes of an input go to the fields of the header.
  private static let fieldBytes = 200

  /// A header block: magic, version and store as they must be, then `fields`, zeros and checksum.
  static func block(_ magic: FileHeader.Magic, _ fields: ArraySlice<UInt8>) -> ByteBuffer {
    var buffer = ByteBuffer(capacity: HeaderBlock.byteCount)
    FileHeader(magic, storeID: storeID).encode(into: &buffer)
    buffer.append([UInt8](fields.prefix(fieldBytes)).span)
    HeaderBlock.finish(&buffer, from: 0)
    return buffer
  }

  /// A file of checked pages: fields behind counts and sums that fit, and pages with the rest.
  private static func pages(_ magic: FileHeader.Magic, _ input: ArraySlice<UInt8>) -> [UInt8] {
    let size = CheckedPages.pageSize
    var body = [UInt8](input.dropFirst(fieldBytes))
    body.append(contentsOf: [UInt8](repeating: 0, count: -body.count & (size - 1)))
    let count = body.count / size
    var table = ByteBuffer(capacity: 64)
    for page in 0..<count {
      let sum = CRC32C.checksum(
        body.span.extracting(page * size..<(page + 1) * size),
        continuing: UInt32(page)
      )
      table.append(sum)
    }
    var buffer = ByteBuffer(capacity: size * (count + 2))
    FileHeader(magic, storeID: storeID).encode(into: &buffer)
    buffer.append(UInt32(count))
    buffer.append(CRC32C.checksum(table.bytes))
    buffer.append([UInt8](input.prefix(fieldBytes)).span)
    HeaderBlock.finish(&buffer, from: 0)
    buffer.append(body.span)
    buffer.append(table.bytes)
    return bytes(of: buffer)
  }

  /// A file that ends with the checksum of all before.
  private static func whole(_ magic: FileHeader.Magic, _ input: ArraySlice<UInt8>) -> [UInt8] {
    var buffer = ByteBuffer(capacity: input.count + 64)
    FileHeader(magic, storeID: storeID).encode(into: &buffer)
    buffer.append([UInt8](input).span)
    FileChecksum.finish(&buffer, from: 0)
    return bytes(of: buffer)
  }

  static func bytes(of buffer: borrowing ByteBuffer) -> [UInt8] {
    let span = buffer.bytes
    return (0..<span.count).map { span[$0] }
  }

  /// The file that an input stands for; one in eight is taken as it is, sums and all.
  private static func file(
    _ input: [UInt8],
    _ magic: FileHeader.Magic,
    _ layOut: (FileHeader.Magic, ArraySlice<UInt8>) -> [UInt8]
  ) -> [UInt8] {
    input[0] >> 5 == 7 ? [UInt8](input.dropFirst()) : layOut(magic, input.dropFirst())
  }

  // MARK: - Targets

  static func runIndex(_ input: [UInt8]) {
    guard let first = input.first else { return }
    if first % 2 == 0 {
      let bytes = file(input, .footer, pages)
      var header = SegmentHeader(
        storeID: storeID,
        segmentID: 1,
        salt: 7,
        basePosition: 1,
        baseTime: 0,
        baseRecord: 0,
        predecessorID: 0,
        predecessorChecksum: 0,
        predecessorEnd: 0
      )
      // The identity is the file's own, so that what stands behind it is looked at.
      if bytes.count >= HeaderBlock.byteCount,
        let found = FooterHeader.decode(bytes.span.extracting(0..<4096), storeID: storeID)
      {
        header.segmentID = found.segmentID
        header.salt = found.salt
        header.basePosition = found.basePosition
      }
      try? read(Footer(Mapping(copying: bytes.span), storeID: storeID, segment: header, name: name))
    } else {
      let bytes = file(input, .indexCheckpoint, pages)
      try? read(IndexCheckpoint(Mapping(copying: bytes.span), storeID: storeID, name: name))
    }
  }

  private static func read(_ footer: Footer) throws(LogError) {
    _ = footer.checkAll()
    _ = try? footer.types()
    var ordinals: [UInt32] = []
    for index in 0..<min(footer.keys.count, 200) {
      guard let entry = try? footer.keys.entry(index) else { continue }
      _ = try? footer.keys.find(entry.hash)
      ordinals.removeAll(keepingCapacity: true)
      try? footer.postings(entry, into: &ordinals)
      precondition(ordinals.count <= Int(entry.count), "more events than the entry has")
    }
    for ordinal in [0, 1, 77, Int(UInt32.max)] { _ = try? footer.frameSample(before: ordinal) }
    _ = try footer.keys.find(KeyHash(high: 1 << 63, low: 7))
  }

  private static func read(_ checkpoint: IndexCheckpoint) throws(LogError) {
    _ = checkpoint.checkAll()
    for index in 0..<min(checkpoint.keys.count, 200) {
      guard let entry = try? checkpoint.keys.entry(index) else { continue }
      _ = try? checkpoint.keys.find(entry.hash)
    }
    _ = try checkpoint.keys.find(KeyHash(high: 1 << 63, low: 7))
  }

  static func runLayout(_ input: [UInt8]) {
    guard let first = input.first else { return }
    do throws(LogError) {
      switch first % 8 {
      case 0:
        let slot = file(input, .manifest) { bytes(of: block($0, $1)) }
        _ = try Manifest.decode(slot.span, slot: 0)
      case 1: _ = try SegmentList.decode(file(input, .segmentList, whole).span, file: name)
      case 2: _ = try BackupCatalog.decode(file(input, .backup, whole).span, file: name)
      case 3:
        let types = file(input, .types) { bytes(of: block($0, [])) + mendedTypes($1) }
        let (_, end, _) = try TypeFile.decode(types.span, storeID: storeID)
        precondition(end <= types.count, "names end outside of their file")
      case 4:
        let rules = file(input, .retention, pages)
        _ = try RetentionFile.decode(
          Mapping(copying: rules.span),
          storeID: storeID,
          name: name
        )
      case 5:
        let slot = file(input, .consumer) { consumer($0, $1) }
        _ = try ConsumerHeader.decode(slot.span, file: name)
      case 6:
        let staging = file(input, .staging) { stagingFile($0, $1) }
        let header = try StagingHeader.decode(staging.span)
        for event in StagedEvent.all(staging.span, header) {
          precondition(event.id.upperBound <= staging.count, "an id outside of its file")
          precondition(event.payload.upperBound <= staging.count, "a payload outside of its file")
        }
      default:
        let segment = file(input, .segment) { bytes(of: block($0, $1)) }
        _ = try SegmentHeader.decode(segment.span, file: name)
      }
    } catch {
      // What is promised.
    }
  }

  /// A staging file of salt and capacity and, as the first entry of its first half, the rest.
  private static func stagingFile(
    _ magic: FileHeader.Magic,
    _ input: ArraySlice<UInt8>
  ) -> [UInt8] {
    var file = block(magic, input.prefix(16))
    guard let header = try? StagingHeader.decode(file.bytes) else { return bytes(of: file) }
    let start = file.count
    let rest = [UInt8](input.dropFirst(16))
    file.append(UInt64(0))
    file.append(rest.span)
    // Whole units, and no frame is shorter than two.
    file.appendZeros(rest.isEmpty ? FrameHeader.unit : -rest.count & (FrameHeader.unit - 1))
    let byteCount = file.count - start
    file.store(FrameHeader.lengthAndKind(byteCount, .events), at: start + 4)
    file.sealFrame(from: start, at: start, header.checksum)
    return bytes(of: file)
  }

  /// Records of names, each with the sum that it needs.
  private static func mendedTypes(_ input: ArraySlice<UInt8>) -> [UInt8] {
    var buffer = ByteBuffer(capacity: input.count + 64)
    var rest = input
    var number = 1
    while let count = rest.popFirst(), number < 100 {
      let name = rest.prefix(Int(count) + 1)
      rest = rest.dropFirst(name.count)
      let start = buffer.count
      buffer.append(UInt32(0))
      buffer.append(UInt16(name.count))
      buffer.append([UInt8](name).span)
      let sum = CRC32C.checksum(
        buffer.bytes.extracting(start + 4..<buffer.count),
        continuing: UInt32(number)
      )
      buffer.store(sum, at: start)
      number += 1
    }
    return bytes(of: buffer)
  }

  private static func consumer(_ magic: FileHeader.Magic, _ input: ArraySlice<UInt8>) -> [UInt8] {
    var header = bytes(of: block(magic, input)).prefix(ConsumerHeader.Layout.byteCount)
    let end = header.count - 4
    let sum = CRC32C.checksum([UInt8](header).span.extracting(0..<end))
    for index in 0..<4 { header[end + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
    return [UInt8](header) + input.dropFirst(fieldBytes)
  }
}
