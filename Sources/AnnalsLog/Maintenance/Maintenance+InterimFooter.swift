/// Footers over what a segment in writing has so far: what an opening after a kill need not walk.
///
/// The file and the manifest's mark are those of a close; the next such footer, the one of the
/// close or that of the sealed segment takes its place.
extension Maintenance {
  /// What there is to do of it, and what it costs.
  package struct Interim: Sendable {
    /// The segment, and up to where all of it is durable.
    package var due: (segment: Segment, mark: Manifest.Tail)?
    /// When the next one may begin, on the monotonic clock.
    fileprivate var notBefore: UInt64 = 0

    package init() {}

    /// Whether one is due, and the last one was long enough ago.
    ///
    /// Each reads its segment from the start: a writer in a hurry rolls before it pays.
    var isTimely: Bool { due != nil && SystemClock.monotonicNanoseconds() >= notBefore }
  }

  /// How much longer than one took is waited before the next is made: the thread spends at most a
  /// thirtieth of its time on them.
  private static let pauseFactor: UInt64 = 30

  /// Notes that everything in `segment` up to `mark` is durable and has no footer yet.
  package func noteDurable(_ segment: Segment, _ mark: Manifest.Tail) {
    let isTimely = lock.withLock {
      state.interim.due = (segment, mark)
      return state.interim.isTimely
    }
    if isTimely { request() }
  }

  /// Makes the footer that is due, if the time has come.
  func makeInterimFooter() throws(LogError) {
    let found = lock.withLock { () -> (segment: Segment, mark: Manifest.Tail)? in
      // Behind an older segment without footer it would lead nowhere.
      guard state.interim.isTimely, state.unfooted.isEmpty else { return nil }
      defer { state.interim.due = nil }
      return state.interim.due
    }
    guard let (segment, mark) = found else { return }
    let start = SystemClock.monotonicNanoseconds()
    defer {
      let end = SystemClock.monotonicNanoseconds()
      if core.options.hasMaintenanceThread {
        lock.withLock { state.interim.notBefore = end + (end - start) * Self.pauseFactor }
      }
    }
    let footer = try core.buildFooter(
      segment,
      through: Int(mark.end),
      keySequence: mark.keySequence
    )
    try core.files.replace(
      StoreFile.footer(segment.id),
      in: core.files.log,
      with: footer.bytes
    )
    try work.withLock { () throws(LogError) in
      try writeManifest { $0.raiseTail(to: mark) }
    }
  }
}
