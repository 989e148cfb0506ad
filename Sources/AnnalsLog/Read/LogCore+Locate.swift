/// Where an event stands.
package struct EventPlace: Sendable {
  package var segment: Segment
  /// The offset of the frame that holds it.
  package var offset: Int
}

extension LogCore {
  /// The frame of `segment` that holds `position`, or the first one behind it.
  ///
  /// Starts at the sample before it and passes at most a few frames by their headers; a damaged
  /// frame on the way is passed over if what is looked for stands behind it.
  package func locate(_ position: UInt64, in segment: Segment) throws(LogError) -> Int {
    let start = windowStart(position, segment)
    var offset = start.offset
    let entry = segment.current.entry
    let limit = entry.isSealed ? Int(entry.end) : segment.mapping.count
    var passed = start.passed
    while true {
      if entry.isSealed, offset >= limit { return offset }
      do throws(LogError) {
        let header = try segment.frame(at: offset, limit: limit)
        if let last = segment.lastPosition(at: offset, header) {
          passed = last
          if passed >= position { return offset }
        }
        offset += header.byteCount
      } catch {
        offset = try resume(error, position, segment, offset, limit: limit, after: passed)
      }
    }
  }

  /// The offset behind a damaged frame from which `position` may still be found.
  private func resume(
    _ error: LogError,
    _ position: UInt64,
    _ segment: Segment,
    _ offset: Int,
    limit: Int,
    after passed: UInt64
  ) throws(LogError) -> Int {
    guard case .corrupt = error else { throw error }
    let next = segment.nextFrame(behind: offset, limit: limit, after: passed)
    if let next, next.first <= position { return next.offset }
    throw describe(error, segment, offset, after: passed)
  }

  /// The positions between what was read last and what can be read next.
  package func lostPositions(
    _ segment: Segment,
    _ next: UInt64?,
    after passed: UInt64
  ) -> PositionRange? {
    let last = next.map { $0 - 1 } ?? lastPosition(of: segment)
    guard last > passed else { return nil }
    return PositionRange(Position(passed + 1), Position(last))
  }

  /// The last position that was written to `segment`.
  private func lastPosition(of segment: Segment) -> UInt64 {
    let entry = segment.current.entry
    if entry.isSealed { return entry.lastPosition }
    let view = currentView
    let order = view.order(of: segment.id)
    return order + 1 < view.segments.count
      ? view.segments[order + 1].base.position - 1 : writtenThrough
  }

  /// The corruption of the frame at `offset`, with the positions lost with it.
  package func describe(
    _ error: LogError,
    _ segment: Segment,
    _ offset: Int,
    after passed: UInt64
  ) -> LogError {
    guard case .corrupt = error else { return error }
    // Found at opening: what else tells how far it reaches may be in other files.
    if let known = damages.first(where: { $0.file == segment.name && $0.offset == offset }) {
      return .corrupt(known)
    }
    let entry = segment.current.entry
    let limit = entry.isSealed ? Int(entry.end) : segment.mapping.count
    let next = segment.nextFrame(behind: offset, limit: limit, after: passed)
    return .corrupt(
      error.corruption(
        in: segment.name,
        at: offset,
        positions: lostPositions(segment, next?.first, after: passed)
      )
    )
  }

  /// A frame boundary a few frames before the one that holds `position`, and the position that
  /// stands before it.
  package func windowStart(
    _ position: UInt64,
    _ segment: Segment
  ) -> (offset: Int, passed: UInt64) {
    sample(position, segment).map { ($0.offset, $0.first - 1) }
      ?? (Segment.firstFrame, segment.base.position - 1)
  }

  /// The last sample at or before `position`: a frame's offset and its first position.
  private func sample(_ position: UInt64, _ segment: Segment) -> (offset: Int, first: UInt64)? {
    let sampled = index.withState { state -> (Int, UInt64)? in
      guard let chains = state.chainsIndex(segment.id),
        position >= state.chains[chains].basePosition
      else { return nil }
      let base = state.chains[chains].basePosition
      return state.chains[chains].frameSample(before: Int(position - base)).map {
        (Int($0.units) * FrameHeader.unit, base + UInt64($0.ordinal))
      }
    }
    if let sampled { return sampled }
    guard let footer = segment.footer, position >= segment.base.position else { return nil }
    // A forged footer may end before its segment begins.
    let end = max(footer.header.lastPosition, segment.base.position - 1) + 1
    let ordinal = Int(min(position, end) - segment.base.position)
    // A footer is a cache: without it the segment is walked from its start.
    guard let found = (try? footer.frameSample(before: ordinal)).flatMap({ $0 }) else { return nil }
    return (
      Int(found.units) * FrameHeader.unit, segment.base.position + UInt64(found.ordinal)
    )
  }

  /// Appends for each of `ordinals` the offset of the frame that holds it, or one shortly before.
  package func appendFrameStarts(
    _ ordinals: Span<UInt32>,
    _ segment: Segment,
    to offsets: inout [Int]
  ) {
    let count = offsets.count
    let known = segment.coverage
    if !known.isSealed || !known.isWhole {
      index.withState { state in
        guard let chains = state.chainsIndex(segment.id) else { return }
        let first = Int(state.chains[chains].basePosition - segment.base.position)
        SegmentChains.appendFrameOffsets(
          ordinals,
          state.chains[chains].samples,
          of: state.chains[chains].count,
          first: first,
          to: &offsets
        )
      }
    }
    while offsets.count < count + ordinals.count { offsets.append(Segment.firstFrame) }
    // What the index does not have stands in the footer. A footer is a cache: without it the
    // segment is walked from its start.
    known.footer?.findFrameOffsets(ordinals, in: &offsets, from: count)
  }
}
