/// A value that is being written to a payload.
struct WrittenValue: BitwiseCopyable {
  /// Where its bytes begin.
  var head: Int
  /// Where they end; -1 while it is live.
  var end = -1
  /// The number of items or pairs.
  var count = 0
  /// The place of the value that holds it; -1 for the root.
  let parent: Int
  let depth: Int
  let serial: UInt32
  var kind = Kind.unwritten

  init(head: Int, parent: Int, depth: Int, serial: UInt32) {
    self.head = head
    self.parent = parent
    self.depth = depth
    self.serial = serial
  }

  /// What was written to it.
  enum Kind {
    /// Nothing: an empty map holds its place.
    case unwritten
    case map
    case array
    case single

    /// The initial byte of a container without items.
    var head: UInt8 { self == .array ? CBORHead.Initial.emptyArray : CBORHead.Initial.emptyMap }
  }
}

/// The values that are being written to, outermost first, in memory that only grows.
@safe
struct ValueStack: ~Copyable {
  /// Levels of nesting that most payloads do not exceed.
  private static let usualCount = 8

  private var base: UnsafeMutablePointer<WrittenValue>
  private var capacity = Self.usualCount
  private(set) var count = 0

  init() {
    unsafe base = UnsafeMutablePointer.allocate(capacity: Self.usualCount)
  }

  deinit {
    unsafe base.deallocate()
  }

  subscript(index: Int) -> WrittenValue {
    @inline(__always)
    _read {
      precondition(index >= 0 && index < count, "a value that is there")
      yield unsafe base[index]
    }
    @inline(__always)
    _modify {
      precondition(index >= 0 && index < count, "a value that is there")
      yield unsafe &base[index]
    }
  }

  @inline(__always)
  mutating func append(_ value: WrittenValue) {
    if count == capacity { grow() }
    unsafe (base + count).initialize(to: value)
    count &+= 1
  }

  /// Forgets all values from `length` on.
  @inline(__always)
  mutating func truncate(to length: Int) {
    if length < count { count = length }
  }

  private mutating func grow() {
    let moved = UnsafeMutablePointer<WrittenValue>.allocate(capacity: capacity * 2)
    unsafe moved.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = moved
    capacity *= 2
  }
}
