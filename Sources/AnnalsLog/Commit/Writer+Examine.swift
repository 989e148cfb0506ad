extension Writer {
  /// What an earlier use of the batch's key calls for; nil if there was none that counts.
  ///
  /// Under `lock`.
  package func examineKey(
    _ hash: KeyHash,
    _ attempt: AppendAttempt
  ) throws(LogError) -> Admission? {
    let answer: (sequence: UInt64, position: UInt64?)
    let known = core.index.withState { state -> (UInt64, UInt64?)? in
      guard let slot = state.knownSlot(hash) else { return nil }
      let key = state.table[slot]
      return (key.version, state.newestPosition(key))
    }
    if let known {
      answer = known
    } else {
      answer = (try core.newestInFooters(hash)?.version ?? 0, nil)
    }
    if answer.sequence == 0 || answer.sequence == attempt.expiredKey { return nil }
    if let position = answer.position, position > core.writtenThrough { return .wait }
    return .examineKey(sequence: answer.sequence)
  }

  /// Whether an event that is admitted but not settled breaks the condition.
  ///
  /// Under `lock`.
  package func hasUnsettledMatch(_ condition: AppendCondition) -> Bool {
    if nextPosition - 1 <= max(core.writtenThrough, condition.after.rawValue) { return false }
    let query = ResolvedQuery(condition.query, core.types)
    for group in [committing, open] {
      guard let group else { continue }
      for index in group.contents.events.indices
      where group.contents.firstPosition + UInt64(index) > condition.after.rawValue
        && matches(query, group.contents, group.contents.events[index])
      {
        return true
      }
    }
    return false
  }

  private func matches(
    _ query: ResolvedQuery,
    _ group: borrowing GroupContents,
    _ event: GroupContents.Event
  ) -> Bool {
    query.matches(type: Int(event.type)) { tag in
      if event.extras < 0 { return false }
      let extras = group.extras[Int(event.extras)]
      for index in Int(extras.firstTag)..<Int(extras.firstTag + extras.tagCount) {
        let place = group.tags[index]
        let range = Int(place.offset)..<Int(place.offset + place.count)
        if group.texts.equals(tag.utf8Span.span, in: range) { return true }
      }
      return false
    }
  }
}

/// A query whose type names are numbers, ready to be held against events.
package struct ResolvedQuery: Sendable {
  private var items: [(types: Set<Int>?, tags: [String])]

  /// Resolves the names of `query`; a name the log does not know matches nothing.
  package init(_ query: Query, _ types: TypeTable) {
    if query.items.isEmpty {
      items = []
      return
    }
    items = query.items.map { item in
      let numbers = item.types.isEmpty ? nil : Set(item.types.compactMap { types.number($0) })
      return (numbers, item.tags)
    }
  }

  /// Whether the query means every event.
  package var isAll: Bool { items.isEmpty }

  /// Whether an event of type `type`, whose tags `hasTag` knows, is meant.
  package func matches(type: Int, hasTag: (String) -> Bool) -> Bool {
    if items.isEmpty { return true }
    for item in items {
      if let types = item.types, !types.contains(type) { continue }
      if item.tags.allSatisfy(hasTag) { return true }
    }
    return false
  }
}
