/// States of aggregates as they were last seen, at most so many bytes of them.
///
/// A cache of values: what it gives is folded on from, never shown as it is, so it cannot be wrong,
/// only short. The least recently used go first.
package final class AggregateCache: @unchecked Sendable {
  // Checked how: all but `byteCountMax` is touched only under `lock`.
  private let lock = Lock()
  private let byteCountMax: Int
  private var places: [Key: Int] = [:]
  private var entries: [Entry] = []
  private var unused: [Int] = []
  private var newest = -1
  private var oldest = -1
  private var bytes = 0
  /// The last rule of retention that all entries obey.
  private var record: UInt64 = 0

  private struct Key: Hashable {
    var type: ObjectIdentifier
    var aggregate: AggregateID
  }

  private struct Entry {
    var key: Key
    /// A `Loaded` of the key's type.
    var loaded: any Sendable
    var version: Version
    var position: Position
    var byteCount: Int
    var newer: Int
    var older: Int
  }

  /// What an entry takes besides the state itself: itself, and its place in the dictionary.
  private static let entryByteCount = 192

  package init(byteCountMax: Int) {
    self.byteCountMax = byteCountMax
  }

  /// The bytes taken now.
  package var byteCount: Int { lock.withLock { bytes } }
  /// The number of states.
  package var count: Int { lock.withLock { places.count } }

  /// The state last put, unless it stands on an event beyond `through` that the reader may not
  /// see.
  package func state<State: Aggregate>(
    _ type: State.Type,
    of aggregate: AggregateID,
    through: Position
  ) -> Loaded<State>? {
    if byteCountMax == 0 { return nil }
    return lock.withLock {
      let key = Key(type: ObjectIdentifier(type), aggregate: aggregate)
      guard let place = places[key], entries[place].position <= through,
        let loaded = entries[place].loaded as? Loaded<State>
      else { return nil }
      unlink(place)
      link(place)
      return loaded
    }
  }

  /// Forgets what was made before a rule of retention.
  package func obey(_ rule: UInt64) {
    lock.withLock {
      if rule <= record { return }
      record = rule
      while oldest >= 0 { evict(oldest) }
    }
  }

  /// Keeps a state, unless a newer one is there, or a rule came since it was made.
  package func put<State: Aggregate>(_ loaded: Loaded<State>, of aggregate: AggregateID) {
    let isStanding = loaded.rules?.isStanding ?? false
    if byteCountMax == 0 || !loaded.exists || isStanding { return }
    let size =
      loaded.state.cachedByteCount + aggregate.text.utf8.count + Self.entryByteCount
    lock.withLock {
      guard loaded.rules?.record ?? 0 == record else { return }
      let key = Key(type: ObjectIdentifier(State.self), aggregate: aggregate)
      if let place = places[key] {
        guard entries[place].version < loaded.version else { return }
        bytes -= entries[place].byteCount
        entries[place].loaded = loaded
        entries[place].version = loaded.version
        entries[place].position = loaded.position
        entries[place].byteCount = size
        unlink(place)
        link(place)
      } else {
        let entry = Entry(
          key: key,
          loaded: loaded,
          version: loaded.version,
          position: loaded.position,
          byteCount: size,
          newer: -1,
          older: -1
        )
        let place = unused.popLast() ?? entries.count
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        places[key] = place
        link(place)
      }
      bytes += size
      while bytes > byteCountMax, oldest >= 0 { evict(oldest) }
    }
  }

  /// Forgets all states of an aggregate.
  package func remove(_ aggregate: AggregateID) {
    lock.withLock {
      let found = places.filter { $0.key.aggregate == aggregate }.map(\.value)
      for place in found { evict(place) }
    }
  }

  /// Forgets everything.
  package func removeAll() {
    lock.withLock { while oldest >= 0 { evict(oldest) } }
  }

  private func evict(_ place: Int) {
    unlink(place)
    places[entries[place].key] = nil
    bytes -= entries[place].byteCount
    // The state itself must go, not only its key.
    entries[place].loaded = ()
    unused.append(place)
  }

  private func link(_ place: Int) {
    entries[place].older = newest
    entries[place].newer = -1
    if newest >= 0 { entries[newest].newer = place }
    newest = place
    if oldest < 0 { oldest = place }
  }

  private func unlink(_ place: Int) {
    let (newer, older) = (entries[place].newer, entries[place].older)
    if newer >= 0 { entries[newer].older = older } else { newest = older }
    if older >= 0 { entries[older].newer = newer } else { oldest = newer }
  }
}
