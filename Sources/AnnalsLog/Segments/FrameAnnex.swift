/// What the views of a frame's events reach through a reference: all that they do not need to be
/// handed out.
@safe
final class FrameAnnex {
  /// The names of the log's types.
  let types: Cell<TypeTable>
  /// What the frame's offsets count in; valid while the decoder holds the frame.
  let bytes = unsafe Cell(UnsafeRawBufferPointer(start: nil, count: 0))
  /// The frame that is loaded, and those that were looked at in advance.
  let slots = FrameSlots()
  let rows = Cell(RowOffsets())
  private let extrasCell = Cell(FrameExtras())

  init(_ types: TypeTable) {
    self.types = Cell(types)
  }

  /// The frame that is loaded.
  var frame: EventsFrame {
    @inline(__always) _read { yield slots.loaded }
  }

  /// What its events have beyond their content.
  var extras: FrameExtras {
    @inline(__always) _read { yield extrasCell.value }
    @inline(__always) _modify { yield &extrasCell.value }
  }

  /// The bytes of memory taken by what a frame has for each event or aggregate.
  var byteCount: Int { extras.byteCount + rows.value.byteCount }

  /// Leaves all frames, whose bytes may go now.
  func forget() {
    unsafe bytes.value = UnsafeRawBufferPointer(start: nil, count: 0)
    slots.removeAll()
    leaveFrame()
  }

  /// Leaves the frame, whose slot may be given to another.
  func leaveFrame() {
    if frame.extrasEnd != 0 { extras.removeAll() }
    slots.own.extrasEnd = 0
  }

  /// Where the aggregate id of event `index` stands.
  func idRange(_ index: Int, _ bytes: Span<UInt8>) -> Range<Int> {
    let row = frame.aggregateIndex(index, bytes)
    let start = rows.value.offset(row, frame, bytes)
    return start..<start + Int(frame.idLengths.value(row, in: bytes))
  }
}
