public import AnnalsLog

/// The events that a fold has not taken in yet, lent one by one where they stand.
///
/// Asking for the next says that the one before has been taken in.
public struct PendingEvents: ~Copyable {
  @usableFromInline var cursor: EventCursor
  /// Where the event lent last stands.
  @usableFromInline var last: Position
  @usableFromInline var lentCount = 0
  @usableFromInline var isFinished = false
  /// Why the next one cannot be read.
  @usableFromInline var failure: LogError?

  /// What `cursor` finds, behind `position`.
  init(_ cursor: consuming EventCursor, after position: Position) {
    self.cursor = cursor
    last = position
  }

  /// The next event, valid until the one behind it is asked for; nil when there is none.
  ///
  /// - Throws: `.corrupt` for what cannot be read, and again whenever it is asked: no event is
  ///   passed over.
  @inlinable
  @_lifetime(&self)
  public mutating func next() throws(LogError) -> EventView? {
    if let failure { throw failure }
    do throws(LogError) {
      guard let event = try cursor.next() else {
        isFinished = true
        return nil
      }
      lentCount &+= 1
      last = event.position
      return event
    } catch {
      failure = error
      throw error
    }
  }
}
