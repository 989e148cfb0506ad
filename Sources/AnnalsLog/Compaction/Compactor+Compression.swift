extension Compactor {
  /// About how many bytes of a segment are compressed to see what that brings.
  private static let sampledBytes = 2 << 20
  /// What compression has to bring.
  private static let greatestRatio = 0.9

  /// How much smaller or larger the frames of a segment become that is to be stored in another way;
  /// nil if it stays as it is.
  ///
  /// Compressing, a sample of the frames is tried; the other way the frames say how large they are.
  mutating func compressionRatio(of segment: Segment) throws(LogError) -> Double? {
    guard segment.hasWholeFooter else { return nil }
    switch options.compression {
    case .keep: return nil
    case .compress where segment.header.hasCompressedFrames: return nil
    case .decompress where !segment.header.hasCompressedFrames: return nil
    case .compress, .decompress: break
    }
    if let known = ratios[segment.id] { return known > 0 ? known : nil }
    var ratio =
      options.compression == .compress
      ? try sampledRatio(of: segment) : try expandedRatio(of: segment)
    if options.compression == .compress, ratio > Self.greatestRatio { ratio = 0 }
    ratios[segment.id] = ratio
    return ratio > 0 ? ratio : nil
  }

  private func sampledRatio(of segment: Segment) throws(LogError) -> Double {
    guard let footer = segment.footer else { return 1 }
    let count = Int(footer.header.samples.count)
    let end = Int(footer.header.end)
    // Whole stretches, each long enough for frames to be gathered as they will be.
    let stretch = 4 * SegmentWriter.gatheredBytes
    let stretches = max(1, min(Self.sampledBytes / stretch, (end - Segment.firstFrame) / stretch))
    var (before, after) = (0, 0)
    var offset = 0
    for number in 0..<stretches where count > 0 {
      let start = Int(try footer.sample(number * count / stretches).units) * FrameHeader.unit
      if start < offset { continue }
      offset = start
      var bytes = ByteBuffer(capacity: stretch)
      while offset < end, offset - start < stretch {
        let header = try segment.frame(at: offset, limit: end)
        if header.holdsEvents {
          if header.byteCount >= SegmentWriter.gatheredBytes { add(bytes.bytes, &before, &after) }
          if header.byteCount >= SegmentWriter.gatheredBytes { bytes.removeAll() }
          bytes.append(segment.bytes.extracting(offset..<offset + header.byteCount))
          if bytes.count >= SegmentWriter.gatheredBytes {
            add(bytes.bytes, &before, &after)
            bytes.removeAll()
          }
        }
        offset += header.byteCount
      }
      add(bytes.bytes, &before, &after)
    }
    return before == 0 ? 1 : Double(after) / Double(before)
  }

  private func add(_ bytes: Span<UInt8>, _ before: inout Int, _ after: inout Int) {
    before += bytes.count
    after += LZ4.compress(bytes)?.count ?? bytes.count
  }

  private func expandedRatio(of segment: Segment) throws(LogError) -> Double {
    var (before, after) = (0, 0)
    let limit = segment.limit
    var offset = Segment.firstFrame
    while offset < limit {
      let header = try segment.frame(at: offset, limit: limit)
      let stored =
        header.knownKind == .compressedEvents
        ? segment.compressedFrame(at: offset, header) : nil
      before += header.byteCount
      after += stored.map { $0.rawByteCount + 24 } ?? header.byteCount
      offset += header.byteCount
    }
    return before == 0 ? 1 : Double(after) / Double(before)
  }
}
