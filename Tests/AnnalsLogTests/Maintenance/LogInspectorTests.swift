import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct LogInspectorTests {
  @Test func segmentsAndFramesAddUp() throws {
    let store = try DamageStore(DamageStore.Shape(segmentCount: 10))
    let log = try EventLog(
      at: DamageStore.path,
      options: DamageStore.options(store.disk, .readOnly)
    )
    let inspector = LogInspector(log)
    let segments = inspector.segments
    #expect(segments.count == 11)
    #expect(segments.map(\.events).reduce(0, +) == store.events.count)
    #expect(segments[0].basePosition == 1)
    #expect(segments.last?.lastPosition == Position(UInt64(store.events.count)))
    #expect(segments[3].footer == .whole)
    #expect(segments[3].aggregates == 3)
    #expect(segments[3].liveBytes == segments[3].usedBytes - 4096)
    #expect(segments[0].checkpoint != nil)
    #expect(inspector.checkpoints.count == 1)
    for segment in segments {
      let frames = inspector.frames(of: segment.id)
      #expect(frames.map(\.events).reduce(0, +) == segment.events)
      #expect(4096 + frames.map(\.bytes).reduce(0, +) == segment.usedBytes)
      #expect(frames[0].kind == .types)
      #expect(frames[1].kind == .event)
      let group = try #require(frames.first { $0.events == 3 })
      #expect(group.appends == 1 && group.aggregates == 2)
      // Types that came with it went before it, unsynced.
      #expect(group.durableBefore >= group.offset - 48)
    }
    #expect(inspector.indexMemory.keyTableBytes > 0)
  }

  /// A damaged frame is listed as one, with what can be read before and behind it.
  @Test func aDamagedFrameIsListed() throws {
    let store = try DamageStore(DamageStore.Shape(segmentCount: 3))
    let options = DamageStore.options(store.disk, .readOnly)
    let whole = LogInspector(try EventLog(at: DamageStore.path, options: options))
    let segment = whole.segments[1]
    let frames = whole.frames(of: segment.id)
    let victim = frames[3]
    let file = try store.disk.openDirectory(DamageStore.path, create: false)
      .openDirectory(StoreFile.logDirectory, create: false)
      .openFile(StoreFile.segment(segment.id), .readWrite)
    try file.write([UInt8](repeating: 0xa5, count: 3).span, at: victim.offset + 9)
    let log = try EventLog(at: DamageStore.path, options: options)
    let found = LogInspector(log).frames(of: segment.id)
    #expect(found.map(\.offset) == frames.map(\.offset))
    guard case .damaged(.corrupt(let corruption)) = found[3].kind else {
      Issue.record("\(found[3].kind)")
      return
    }
    #expect(corruption.offset == UInt64(victim.offset))
    #expect(found[3].bytes == victim.bytes && found[3].events == 0)
    #expect(found[4...].map(\.events) == frames[4...].map(\.events))
  }
}
