extension ConsumerStore {
  /// Forgets the states of projections that had taken `position` or a later event, durably.
  ///
  /// For compaction, which is about to erase that event: what was folded from it may hold it.
  /// A projection's state is made anew from the log; how far a reactor or a cursor is, is not, and
  /// holds nothing of an event.
  package func forgetStates(from position: Position) throws(LogError) {
    for consumer in try list()
    where consumer.kind == ConsumerRecord.Kind.projection.rawValue
      && consumer.position >= position.rawValue
    {
      try remove(consumer.name)
    }
  }
}
