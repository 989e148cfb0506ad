/// What a projection keeps: its state, and what that was folded by.
package struct KeptProjection<State: Codable>: Codable {
  /// The version of the code, as it was declared.
  package var version: Int
  /// The query that found the events.
  package var query: KeptQuery
  /// What was folded from them.
  package var state: State

  package init(version: Int, query: KeptQuery, state: State) {
    self.version = version
    self.query = query
    self.state = state
  }
}

/// A query as it is kept beside what was folded from the events it found.
package struct KeptQuery: Codable, Sendable {
  private var items: [Item]

  private struct Item: Codable, Sendable {
    var types: [String]
    var tags: [String]
  }

  package init(_ query: Query) {
    items = query.items.map { Item(types: $0.types.sorted(), tags: $0.tags.sorted()) }
  }

  /// The types that go with the same tags.
  private struct Types: Equatable {
    var isEvery = false
    var names: Set<String> = []
  }

  /// The types that are asked for, by the tags that go with them.
  private var types: [Set<String>: Types] {
    if items.isEmpty { return [[]: Types(isEvery: true)] }
    var result: [Set<String>: Types] = [:]
    for item in items {
      result[Set(item.tags), default: Types()].names.formUnion(item.types)
      if item.types.isEmpty { result[Set(item.tags), default: Types()].isEvery = true }
    }
    // Beside every type those that are named say nothing.
    return result.mapValues { $0.isEvery ? Types(isEvery: true) : $0 }
  }

  /// What finds every event that only one of the two queries finds, and it may be some that both
  /// do; nil if they find the same.
  package func difference(from query: Query) -> Query? {
    let old = types
    let new = KeptQuery(query).types
    var different: [Query.Item] = []
    for tags in Set(old.keys).union(new.keys) where old[tags] != new[tags] {
      let before = old[tags] ?? Types()
      let after = new[tags] ?? Types()
      // No name stands for every type.
      let names =
        before.isEvery || after.isEvery ? [] : before.names.symmetricDifference(after.names)
      different.append(Query.Item(types: names.sorted(), tags: tags.sorted()))
    }
    return different.isEmpty ? nil : Query(different)
  }
}

extension ProjectionFold {
  /// Why a kept state may not be gone on with; nil if it may.
  ///
  /// A query that has become another is none where no event up to `position` tells the two apart: a
  /// type of events that was added to the program has none yet.
  package func reasonToRestart(
    _ kept: KeptProjection<State>,
    through position: Position,
    in store: EventStore
  ) throws(ConsumerError) -> RestartReason? {
    if kept.version != version { return .versionChanged }
    guard let difference = kept.query.difference(from: query) else { return nil }
    var request = ReadRequest.matching(difference, after: .start)
    request.until = position.rawValue
    request.hidesRedacted = hidesRedacted
    do throws(LogError) {
      var cursor = try store.log.cursor(request)
      return try cursor.next() == nil ? nil : .queryChanged
    } catch {
      throw .store(.log(error))
    }
  }
}
