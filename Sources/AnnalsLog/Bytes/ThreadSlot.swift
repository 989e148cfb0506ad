#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A place for one object on every thread, where work that ended leaves what the next can use.
///
/// Whoever takes the object owns it alone until it is put back; what a thread holds when it ends
/// is released. Both take a few nanoseconds. Thread-safe.
@safe
package struct ThreadSlot: Sendable {
  /// Nil if the system has no key left: nothing is kept then.
  private let key: pthread_key_t?

  /// Creates a slot that is empty on all threads; the system has about a thousand for a process.
  package init() {
    var key = pthread_key_t()
    let status = unsafe pthread_key_create(&key) { object in
      #if canImport(Glibc)
      guard let object = unsafe object else { return }
      #endif
      unsafe Unmanaged<AnyObject>.fromOpaque(object).release()
    }
    self.key = status == 0 ? key : nil
  }

  /// Takes this thread's object out of the slot; nil if there is none.
  package func take() -> AnyObject? {
    guard let key, let object = unsafe pthread_getspecific(key) else { return nil }
    pthread_setspecific(key, nil)
    return unsafe Unmanaged<AnyObject>.fromOpaque(object).takeRetainedValue()
  }

  /// Puts an object into this thread's slot, unless there is one.
  package func put(_ object: AnyObject) {
    guard let key, unsafe pthread_getspecific(key) == nil else { return }
    let pointer = unsafe Unmanaged.passRetained(object).toOpaque()
    if unsafe pthread_setspecific(key, pointer) != 0 {
      unsafe Unmanaged<AnyObject>.fromOpaque(pointer).release()
    }
  }
}
