/// Reads events one by one, where they stand.
///
/// Sees the log as it was when the cursor was made: neither appends nor compaction change what it
/// gives. Not for two threads at once. Costs no allocation an event.
public struct EventCursor: ~Copyable {
  let core: LogCore
  let view: LogView
  var decoder: FrameDecoder
  let filter: EventFilter
  /// The rules of retention; nil if there are none.
  var retention: RetentionFilter?
  /// Whether every event passes, and as it is.
  private let isPlain: Bool
  let through: UInt64
  let after: UInt64
  let isReversed: Bool
  var remaining: Int
  var isLoaded = false
  var isFinished = false
  var index = 0
  /// Walking forwards: the end of the loaded frame's events that are visible and asked for.
  var readyEnd = 0
  // Those up to `plainEnd`, and behind `plainBegin`, are given as they are, one position after the
  // other from `plainBase` on, and counted when they have been.
  private var plainEnd = 0
  private var plainBegin = 0
  private var plainBase: UInt64 = 0
  // Walking: where the next frame stands.
  var segmentIndex = 0
  var offset = 0
  var nextPosition: UInt64 = 0
  // Walking forwards: where the entered segment's frames end, and the first position behind it.
  // What the log does meanwhile moves neither for what this cursor sees.
  var walkLimit = 0
  var walkEnd: UInt64 = 0
  // Walking backwards: the frames before the one that is loaded.
  var frames: [Int] = []
  /// The damage that stands before them.
  var damage: LogError?
  // By key: the places still to be visited, those of one segment at a time.
  private let isByKey: Bool
  var partIndex = 0
  var places = 0..<0
  var ordinalIndex = 0
  var keyBase: UInt64 = 0
  /// Where the segment's frames end; found when the first of them is loaded.
  var keyLimit: Int?
  var placeNumber = -1
  /// Damage whose events may be the key's, and that has not been passed yet, in reading order.
  var unindexed: ArraySlice<Corruption> = []
  /// Damaged positions that were told of; places among them are not visited again.
  var passed: PositionRange?
  /// The version given last, or the one the reading begins behind.
  var lastVersion: UInt64?

  /// From how many events on reading ahead is worth the calls that begin it.
  static let scanMin = 4096

  /// A cursor over `request`.
  package init(_ core: LogCore, _ request: borrowing ReadRequest) throws(LogError) {
    self.core = core
    let now = core.moment(request.visibility ?? core.options.visibility)
    let visible = request.pin.map { min($0.position.rawValue, now.visible) } ?? now.visible
    view = request.pin?.view ?? now.view
    var rules = request.pin == nil ? now.rules : request.pin?.rules
    if request.ignoresRetention { rules = nil }
    decoder = FrameDecoder(types: core.types, isGuarded: request.isGuarded)
    isReversed = request.isReversed
    remaining = request.limit
    let isByVersion = request.aggregate != nil
    through = isByVersion ? visible : min(visible, request.until)
    after = isByVersion ? 0 : request.after
    let tag = request.query.items.count == 1 ? request.query.items[0].tags.first : nil
    filter = EventFilter(request, tag: request.aggregate == nil ? tag : nil, core.types)
    isPlain = filter.isOpen && rules == nil
    isByKey = request.aggregate != nil || filter.tag != nil
    if let rules {
      retention = try RetentionFilter(core, rules, request, visible: visible, view)
    }
    if let id = request.aggregate {
      let bytes = id.text.utf8Span.span
      decoder.setKey(bytes)
      let hash = core.hasher.hash(bytes, .aggregate)
      try core.findPostings(
        hash,
        view,
        afterVersion: max(request.after, retention?.own?.version ?? 0),
        throughVersion: request.until,
        isPinned: request.pin != nil,
        into: &decoder.memory.postings.value
      )
      enterPostings()
    } else if let tag = filter.tag {
      let hash = core.hasher.hash(tag.span, .tag)
      try core.findPostings(
        hash,
        view,
        afterPosition: request.after,
        isPinned: request.pin != nil,
        into: &decoder.memory.postings.value
      )
      enterPostings()
    } else {
      try start()
    }
    if remaining <= 0 { isFinished = true }
    if isByKey, core.hasDamages { noteUnindexed(request) }
  }

  /// The next event; nil when there is none.
  ///
  /// - Throws: `.corrupt` with the place and the positions that can not be read; asked again, the
  ///   cursor reads on behind them, as does a new one that starts there.
  @_lifetime(&self)
  public mutating func next() throws(LogError) -> EventView? {
    if index < plainEnd {
      let found = index
      index = found &+ 1
      let position = plainBase &+ UInt64(truncatingIfNeeded: found)
      return unsafe _overrideLifetime(
        EventView(next: &decoder, found, at: position),
        mutating: &self
      )
    }
    return try nextInTurn()
  }

  /// The next event, where something is to be decided about it.
  @inline(never)
  @_lifetime(&self)
  private mutating func nextInTurn() throws(LogError) -> EventView? {
    if plainEnd > 0 { leavePlain() }
    if isFinished { return nil }
    if isPlain, places.contains(ordinalIndex), let place = placeAhead() {
      remaining &-= 1
      if remaining == 0 { isFinished = true }
      return unsafe _overrideLifetime(EventView(ahead: decoder, place), mutating: &self)
    }
    while true {
      var found = index
      if found < readyEnd {
        index &+= 1
      } else {
        guard let next = try advance() else { break }
        found = next
      }
      if isPlain {
        remaining &-= 1
        if remaining == 0 { isFinished = true }
        if index < readyEnd, !decoder.frame.hasPositions { enterPlain() }
        // Made where it is returned: a copy of what was just written waits for the writes.
        return unsafe _overrideLifetime(EventView(unretained: &decoder, found), mutating: &self)
      }
      var event = unsafe EventView(unretained: &decoder, found)
      if !filter.isOpen, !filter.matches(event) { continue }
      if retention != nil, try isHidden(&event, found) { continue }
      remaining &-= 1
      if remaining == 0 { isFinished = true }
      return unsafe _overrideLifetime(event, mutating: &self)
    }
    isFinished = true
    return nil
  }

  /// Has the rest of the loaded frame given without a question, as far as it is asked for.
  private mutating func enterPlain() {
    plainBegin = index
    plainBase = decoder.frame.firstPosition
    plainEnd = index &+ min(remaining, readyEnd &- index)
  }

  /// Counts what was given so.
  private mutating func leavePlain() {
    remaining &-= index &- plainBegin
    plainEnd = 0
    if remaining == 0 { isFinished = true }
  }

  /// Whether the rules of retention hide the event; takes its payload away if they want that.
  private mutating func isHidden(
    _ event: inout EventView,
    _ found: Int
  ) throws(LogError) -> Bool {
    let row = decoder.frame.aggregateIndex(found, decoder.bytes)
    let rowCount = decoder.frame.aggregateCount
    let (offset, segment) = (decoder.offset, decoder.segment?.id ?? 0)
    let isHidden = try retention?.hides(
      event,
      row: row,
      rowCount: rowCount,
      frame: offset,
      of: segment
    )
    if isHidden ?? false { return true }
    guard let retention, retention.redacts(event.position.rawValue) else { return false }
    event.redact()
    return retention.hidesRedacted
  }

  /// The index of the next event in the loaded frame, or the first of the next one.
  private mutating func advance() throws(LogError) -> Int? {
    if isByKey { return try advanceByKey() }
    return isReversed ? try advanceBackwards() : try advanceForwards()
  }
}
