internal import Synchronization

/// What readers and the writer of one opened log share.
package final class LogCore: @unchecked Sendable {
  // Checked how: `view` is touched only under `viewLock`; the watermarks are atomic; all else is
  // immutable or guards itself.
  package let path: String
  package let files: StoreFiles
  package let storeID: StoreID
  package let historyID: StoreID
  /// The last position shared with the history before.
  package let historyStart: UInt64
  package let hasher: KeyHasher
  package let types: TypeTable
  package let index = KeyIndex()
  /// The rules about what readers see.
  package let retention: RetentionBox
  package let options: LogOptions
  private let written = Atomic<UInt64>(0)
  private let durable = Atomic<UInt64>(0)
  private let staged = Atomic<UInt64>(0)
  /// Wakes threads of this process that wait for the watermarks to move.
  package let signal = HeadSignal()
  private let viewLock = Lock()
  private var view: LogView
  private var damage: [Corruption] = []
  private let damaged = Atomic<Bool>(false)

  package init(
    path: String,
    files: StoreFiles,
    storeID: StoreID,
    historyID: StoreID,
    historyStart: UInt64,
    types: TypeTable,
    options: LogOptions
  ) {
    self.path = path
    self.files = files
    self.storeID = storeID
    self.historyID = historyID
    self.historyStart = historyStart
    hasher = KeyHasher(storeID)
    retention = RetentionBox(hasher)
    self.types = types
    self.options = options
    view = LogView(segments: [], directory: Directory())
  }

  /// Damage to events that no footer leads to, in the order of the log: which keys they have is
  /// not known.
  package var damages: [Corruption] { viewLock.withLock { damage } }

  /// Notes damage to events that no footer leads to.
  package func noteDamages(_ found: [Corruption]) {
    if found.isEmpty { return }
    damaged.store(true, ordering: .releasing)
    viewLock.withLock {
      damage = (damage + found).sorted {
        ($0.positions?.first ?? .start) < ($1.positions?.first ?? .start)
      }
    }
  }

  /// Whether damaged events are known of: in the tail, or in a segment whose footer was made anew
  /// and does not know them, so that what is not in it is no answer.
  ///
  /// For who would have to ask often, and hardly ever in earnest.
  package var hasDamages: Bool { damaged.load(ordering: .acquiring) }

  /// Notes that a footer is about to be taken up that does not know all events of its segment.
  package func noteDoubtfulFooter() { damaged.store(true, ordering: .releasing) }

  /// The current view.
  package var currentView: LogView { viewLock.withLock { view } }

  /// What a read sees, of one moment: segments, the last position in them, and the rules.
  ///
  /// Taken one after the other they would not fit: compaction removes by what is newest, so that in
  /// its segments an older head finds less than there was, and a newer head is not in older ones.
  package func moment(
    _ visibility: Durability
  ) -> (view: LogView, visible: UInt64, rules: RetentionRules?) {
    // What is published is in the view, and what a view lacks was removed by rules, and for events,
    // that were published before it: the lock keeps the view from changing between.
    viewLock.withLock { (view, visibleThrough(visibility), retention.current) }
  }

  /// Takes over what another opening of the same store has found since.
  package func adopt(_ other: LogCore) {
    _ = types.merge(first: 1, other.types.all)
    noteDamages(other.damages.filter { !damages.contains($0) })
    if other.hasDamages { noteDoubtfulFooter() }
    let rules = other.retention.records
    let fresh = other.index.withState { $0 }
    let next = other.currentView
    viewLock.withLock {
      for rule in rules { retention.apply(rule) }
      index.withState { $0 = fresh }
      view = next
      store(
        written: max(writtenThrough, other.writtenThrough),
        durable: max(durableThrough, other.durableThrough)
      )
    }
    signal.headMoved()
  }

  /// Replaces the view.
  package func updateView(_ change: (LogView) -> LogView) {
    viewLock.withLock { view = change(view) }
  }

  /// The last position handed to the kernel.
  package var writtenThrough: UInt64 { written.load(ordering: .acquiring) }

  /// The last position that was acknowledged: readers of what is written will see it, if they do
  /// not yet.
  package var acknowledgedThrough: UInt64 { max(stagedThrough, writtenThrough) }

  /// The last position of the staged events that readers do not see yet; 0 if there are none.
  package var stagedThrough: UInt64 { staged.load(ordering: .acquiring) }

  /// Notes that events are staged up to there, or that none are.
  package func noteStaged(through position: UInt64) {
    staged.store(position, ordering: .releasing)
  }

  /// The last position that survives power loss; never beyond `writtenThrough`.
  package var durableThrough: UInt64 { durable.load(ordering: .acquiring) }

  /// The last position a reader of the given visibility may see.
  ///
  /// The release on the writer's side makes the frame's bytes, which went through the kernel into
  /// the shared page cache, and its index entries visible before the position is.
  package func visibleThrough(_ visibility: Durability) -> UInt64 {
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .readerBeyondWatermark { return writtenThrough }
    #endif
    return visibility == .durable ? durableThrough : writtenThrough
  }

  /// Publishes positions; both only grow.
  package func publish(written newWritten: UInt64, durable newDurable: UInt64) {
    store(written: newWritten, durable: newDurable)
    signal.headMoved()
  }

  private func store(written newWritten: UInt64, durable newDurable: UInt64) {
    written.store(newWritten, ordering: .releasing)
    durable.store(newDurable, ordering: .releasing)
  }
}
