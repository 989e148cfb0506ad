/// The memory that a cursor works in: when the cursor ends, its thread keeps it for the next one,
/// so that a load of few events allocates nothing.
///
/// What is kept refers to nothing of the log but its type table, and takes at most some 300 KiB a
/// thread. Not for two cursors at once.
@safe
package final class CursorMemory {
  /// The memory that waits for its thread's next cursor.
  private static let idle = ThreadSlot()

  /// What the views of the loaded frame's events reach.
  let annex: FrameAnnex
  /// The id of the aggregate that is read.
  let key = Cell(ByteBuffer(capacity: 64))
  /// By key: the places still to be visited.
  let postings = Cell(Postings())
  /// … and where the frames of the next few of them begin.
  let window = Cell(PlaceWindow())

  private init(_ types: TypeTable) {
    annex = FrameAnnex(types)
  }

  /// What the thread's last cursor left, or new memory.
  package static func take(_ types: TypeTable) -> CursorMemory {
    guard let kept = idle.take() as? CursorMemory else { return CursorMemory(types) }
    if kept.annex.types.value !== types { kept.annex.types.value = types }
    return kept
  }

  /// How much is taken by what grows with the events of a key, and of a frame.
  package var growingBytes: Int { postings.value.byteCount + annex.byteCount }

  /// Leaves the memory to the thread's next cursor, unless it has become large: a key of millions
  /// of events is no reason to keep as much for ever.
  func giveBack() {
    if growingBytes > Self.growingBytesMax { return }
    annex.forget()
    postings.value.removeAll()
    window.value.forget()
    Self.idle.put(self)
  }

  private static let growingBytesMax = 256 << 10
}
