/// What the containers of one call of an encoder share.
///
/// The core stands in memory of its own and not in a property, as every touch of a class's property
/// is checked for overlapping access, and those checks were a third of the time an event took.
/// What makes them needless: no method of the core calls anything that could reach the state.
@safe
final class EncodingState {
  private let memory: UnsafeMutablePointer<EncodingCore>

  /// A state whose buffer has room for `capacity` bytes.
  init(capacity: Int) {
    unsafe memory = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe memory.initialize(to: EncodingCore(capacity: capacity))
  }

  deinit {
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
  }

  /// What was written, and the values that are still being written to.
  var core: EncodingCore {
    @inline(__always)
    _read { yield unsafe memory.pointee }
    @inline(__always)
    _modify { yield unsafe &memory.pointee }
  }
}
