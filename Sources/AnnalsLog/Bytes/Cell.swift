/// A variable whose accesses the release build does not check for overlap while it runs.
///
/// The check costs some seventy instructions an access, and the paths of an append made it forty
/// times. For variables that a lock, or a role that one thread has at a time, guards anyway: two
/// accesses that overlap would take the lock twice. Debug builds, and so the tests, check them.
@safe
package struct Cell<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // Checked how: whoever has the cell guards its value, as for a variable of a class.
  #if DEBUG
  private final class Box {
    var value: Value

    init(_ value: consuming Value) {
      self.value = value
    }
  }

  private let box: Box

  /// A cell that holds `value`.
  package init(_ value: consuming Value) {
    box = Box(value)
  }

  /// The value.
  package var value: Value {
    _read { yield box.value }
    nonmutating _modify { yield &box.value }
  }
  #else
  private let address: UnsafeMutablePointer<Value>

  /// A cell that holds `value`.
  package init(_ value: consuming Value) {
    unsafe address = .allocate(capacity: 1)
    unsafe address.initialize(to: value)
  }

  deinit {
    unsafe address.deinitialize(count: 1)
    unsafe address.deallocate()
  }

  /// The value.
  package var value: Value {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(address) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe address }
  }
  #endif
}

extension Cell where Value: AnyObject {
  /// What `body` makes of the object, without counting a reference to it: it stays in the cell
  /// meanwhile, for whoever guards the cell does not replace it.
  @inline(__always)
  package func withObject<Result>(_ body: (Value) -> Result) -> Result {
    unsafe Unmanaged.passUnretained(value)._withUnsafeGuaranteedRef(body)
  }
}
