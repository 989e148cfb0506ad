extension Segment {
  /// The rule in a frame of retention that verified.
  ///
  /// - Throws: `.unsupportedVersion` for a rule that this build does not know: what it hides must
  ///   not be shown.
  package func retention(_ frame: ControlFrame) throws(LogError) -> PlacedRetention {
    let content = bytes.extracting(frame.contentOffset..<frame.contentEnd)
    guard let record = RetentionRecord.decode(content, baseTime: base.time) else {
      throw .unsupportedVersion(
        file: name,
        UnsupportedVersion(major: FormatVersion.major, features: 0)
      )
    }
    return PlacedRetention(number: frame.record, nextPosition: frame.nextPosition, record)
  }

  /// What a frame of removal says; nil where it is not what a writer makes.
  package func removal(_ frame: ControlFrame) -> Removal? {
    let content = bytes.extracting(frame.contentOffset..<frame.contentEnd)
    return Removal.decode(content, base: base.position)
  }

  /// Calls `body` with each frame of control up to the offset `limit`.
  package func forEachControl(
    through limit: Int,
    _ body: (ControlFrame) throws(LogError) -> Void
  ) throws(LogError) {
    var offset = Segment.firstFrame
    while offset < limit {
      let header = try frame(at: offset, limit: limit)
      if header.knownKind == .control,
        let frame = ControlFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
      {
        try body(frame)
      }
      offset += header.byteCount
    }
  }
}

extension KeyIndex.State {
  /// Notes the version of an aggregate whose newest event left segment `id`.
  package mutating func note(_ entry: Removal.LastVersion, in id: SegmentID) {
    if let slot = table.find(entry.hash) {
      if table[slot].version < entry.version { table[slot].version = entry.version }
      return
    }
    let packed = KeyTableFormat.pack(entry.version, .aggregate)
    table.set(KeySlot(hash: entry.hash, packed: packed, newest: 0, segment: id))
  }
}
