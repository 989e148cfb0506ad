/// What the engine tells those who operate it: once a segment or an error, never once an event.
package enum LogOccurrence: Sendable {
  /// A segment was finished and has its footer.
  case segmentSealed(file: String, lastPosition: UInt64)
  /// An append was refused for lack of space.
  case diskFull(SystemError)
  /// A write or sync failed; nothing can be appended until the log is opened again.
  case writerPoisoned(SystemError)
  /// The log has compacted itself.
  case compacted(bytesBefore: Int, bytesAfter: Int)
  /// The log could not compact itself; it will be tried again.
  case compactionFailed(LogError)
}
