/// The frames a cursor works with: one that it read, and some that it looked at in advance, any of
/// which can be the loaded one.
///
/// They stay where they are: a frame is some 300 bytes, and handing it on cost a load half as
/// much as reading it.
@safe
struct FrameSlots: ~Copyable {
  /// How many events may be looked for in advance.
  static let aheadMax = 24
  /// The slot of the frame that was not looked at in advance.
  private static let own = aheadMax

  private let frames: UnsafeMutablePointer<EventsFrame>
  private let places: UnsafeMutablePointer<Place>
  /// How many events are looked for in advance.
  private let known = Cell(0)
  /// The slot of the loaded frame.
  private let current: Cell<UnsafeMutablePointer<EventsFrame>>

  /// Where an event that is looked for in advance stands.
  @safe
  struct Place: BitwiseCopyable {
    /// The segment; kept by who has it looked for.
    let segment: Unmanaged<Segment>
    /// Where to look for its frame in the segment.
    let offset: Int
    let position: UInt64
    /// Where in its frame, if it was found there.
    var event = EventsFrame.EventPlace()
    var isFound = false
    /// The slot of its frame.
    var slot = 0
    /// Whether it was found to be what is sought, in a frame that is verified.
    var isReady = false
  }

  init() {
    let count = Self.aheadMax + 1
    unsafe frames = .allocate(capacity: count)
    unsafe frames.initialize(repeating: EventsFrame(), count: count)
    unsafe places = .allocate(capacity: Self.aheadMax)
    unsafe current = Cell(frames + Self.own)
  }

  deinit {
    unsafe frames.deallocate()
    unsafe places.deallocate()
  }

  /// The frame that is loaded.
  var loaded: EventsFrame {
    @inline(__always) _read { yield unsafe current.value.pointee }
  }

  /// Makes the frame in `slot` the loaded one.
  @inline(__always)
  func load(_ slot: Int) {
    precondition(slot >= 0 && slot < Self.aheadMax, "a slot of a frame ahead")
    unsafe current.value = frames + slot
  }

  /// The frame that was not looked at in advance, which is the loaded one from now on.
  var own: EventsFrame {
    @inline(__always) _read { yield unsafe frames[Self.own] }
    @inline(__always) nonmutating _modify {
      unsafe current.value = frames + Self.own
      yield unsafe &frames[Self.own]
    }
  }

  /// The frame in `slot`, that was looked at in advance.
  subscript(_ slot: Int) -> EventsFrame {
    @inline(__always) _read {
      precondition(slot >= 0 && slot < Self.aheadMax, "a slot of a frame ahead")
      yield unsafe frames[slot]
    }
    @inline(__always) nonmutating _modify {
      precondition(slot >= 0 && slot < Self.aheadMax, "a slot of a frame ahead")
      yield unsafe &frames[slot]
    }
  }

  /// Where in the frame in `slot` the event at `position` stands; nil if it does not hold it.
  @inline(__always)
  func find(_ position: UInt64, in slot: Int, _ bytes: Span<UInt8>) -> EventsFrame.EventPlace? {
    precondition(slot >= 0 && slot < Self.aheadMax, "a slot of a frame ahead")
    return unsafe frames[slot].place(position, bytes)
  }

  /// How many events are looked for in advance.
  var count: Int { @inline(__always) get { known.value } }

  /// Forgets the events that were looked for in advance.
  func removeAll() { known.value = 0 }

  /// Has one more event looked for.
  @inline(__always)
  func append(_ place: Place) {
    precondition(known.value < Self.aheadMax, "room for one more place ahead")
    unsafe (places + known.value).initialize(to: place)
    known.value &+= 1
  }

  /// Where the event `number` stands that is looked for in advance.
  subscript(place number: Int) -> Place {
    @inline(__always) _read {
      precondition(number >= 0 && number < known.value, "one of the places ahead")
      yield unsafe places[number]
    }
    @inline(__always) nonmutating _modify {
      precondition(number >= 0 && number < known.value, "one of the places ahead")
      yield unsafe &places[number]
    }
  }
}
