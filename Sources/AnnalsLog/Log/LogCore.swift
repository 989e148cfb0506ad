internal import Synchronization

/// What readers and the writer of one opened log share.
package final class LogCore: @unchecked Sendable {
  // Checked how: `view` is touched only under `viewLock`; the watermarks are atomic; all else is
  // immutable or guards itself.
  package let path: String
  package let files: StoreFiles
  package let storeID: StoreID
  package let historyID: StoreID
  package let hasher: KeyHasher
  package let types: TypeTable
  package let index = KeyIndex()
  package let options: LogOptions
  private let written = Atomic<UInt64>(0)
  private let durable = Atomic<UInt64>(0)
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
    types: TypeTable,
    options: LogOptions
  ) {
    self.path = path
    self.files = files
    self.storeID = storeID
    self.historyID = historyID
    hasher = KeyHasher(storeID)
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

  /// Replaces the view.
  package func updateView(_ change: (LogView) -> LogView) {
    viewLock.withLock { view = change(view) }
  }

  /// The last position handed to the kernel.
  package var writtenThrough: UInt64 { written.load(ordering: .acquiring) }

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
    written.store(newWritten, ordering: .releasing)
    durable.store(newDurable, ordering: .releasing)
    signal.headMoved()
  }
}
