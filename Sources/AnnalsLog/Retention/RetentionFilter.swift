/// The log as one reader sees it, whatever happens to it since: at a position, under the rules of
/// a record, in the segments of that moment.
///
/// Keeps the segments mapped, also those that compaction replaces. Free to make.
public final class LogPin: Sendable {
  /// The last position that is seen.
  public let position: Position
  /// The number of the last rule that is obeyed.
  public var record: UInt64 { rules?.record ?? 0 }
  /// The last position when the pin was made: rules that keep the newest count from there.
  package let head: Position
  package let view: LogView
  package let rules: RetentionRules?
  /// The clock that ages are counted from.
  package let now: Int64

  package init(
    position: Position,
    head: Position? = nil,
    view: LogView,
    rules: RetentionRules?,
    now: Int64
  ) {
    self.position = position
    self.head = head ?? position
    self.view = view
    self.rules = rules
    self.now = now
  }
}

extension LogPin {
  /// The same moment with all that was there.
  fileprivate var whole: LogPin {
    head == position ? self : LogPin(position: head, view: view, rules: rules, now: now)
  }
}

/// Holds a cursor's events against the rules of retention.
///
/// Made only where there are rules; works out an aggregate's bounds once a frame, or once a reading
/// where only one aggregate is read.
struct RetentionFilter {
  private let core: LogCore
  private let rules: RetentionRules
  /// What the reader sees, which counts from there on.
  private let pin: LogPin
  private let isPinned: Bool
  private let visibility: Durability?
  /// Whether redacted events are passed over.
  let hidesRedacted: Bool
  /// Of the only aggregate that is read.
  private(set) var own: RetentionBounds?
  // Of the rows of the frame that was looked at last.
  private var rows: [RetentionBounds?] = []
  private var frame = -1
  private var segment: SegmentID = 0
  /// What needed the newest version of an aggregate, by aggregate.
  private var known: [KeyHash: RetentionBounds] = [:]
  private static let knownMax = 1 << 16

  init(
    _ core: LogCore,
    _ rules: RetentionRules,
    _ request: borrowing ReadRequest,
    visible: UInt64,
    _ view: LogView
  ) throws(LogError) {
    self.core = core
    self.rules = rules
    isPinned = request.pin != nil
    pin =
      request.pin?.whole
      ?? LogPin(
        position: Position(visible),
        view: view,
        rules: rules,
        now: core.options.clock()
      )
    visibility = request.visibility
    hidesRedacted = request.hidesRedacted
    if let aggregate = request.aggregate {
      own = try bounds(aggregate.text.utf8Span.span)
    }
  }

  /// Whether the payload of the event at `position` may not be seen.
  func redacts(_ position: UInt64) -> Bool {
    rules.single(position).map { $0.redactRecord != 0 } ?? false
  }

  /// Whether the event, of row `row` of the frame at `offset`, may not be seen.
  mutating func hides(
    _ event: borrowing EventView,
    row: Int,
    rowCount: Int,
    frame offset: Int,
    of segment: SegmentID
  ) throws(LogError) -> Bool {
    let position = event.position.rawValue
    if position > rules.fixedThrough, !rules.hasStanding { return false }
    if let single = rules.single(position), single.skipRecord != 0 { return true }
    let bounds: RetentionBounds
    if let own {
      bounds = own
    } else {
      if frame != offset || segment != self.segment {
        frame = offset
        self.segment = segment
        rows.removeAll(keepingCapacity: true)
        for _ in 0..<rowCount { rows.append(nil) }
      }
      if let known = rows[row] {
        bounds = known
      } else {
        bounds = try self.bounds(event.aggregateBytes)
        rows[row] = bounds
      }
    }
    if bounds.isOpen { return false }
    let record = bounds.hides(
      position: position,
      version: event.version.rawValue,
      time: event.time.microseconds
    )
    return record != nil
  }

  private mutating func bounds(_ id: Span<UInt8>) throws(LogError) -> RetentionBounds {
    let hash = core.hasher.hash(id, .aggregate)
    let subjects = rules.subjects(of: id, hash, core.hasher)
    if subjects.own == nil, subjects.category == nil { return RetentionBounds() }
    if let found = known[hash] { return found }
    var newest: UInt64?
    func version() throws(LogError) -> UInt64 {
      if let newest { return newest }
      let found = try core.version(of: id, at: pin, isPinned: isPinned, visibility)
      newest = found
      return found
    }
    var bounds = RetentionBounds()
    if let own = subjects.own { try bounds.add(own, now: pin.now, newest: version) }
    if let category = subjects.category { try bounds.add(category, now: pin.now, newest: version) }
    if newest != nil {
      if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
      known[hash] = bounds
    }
    return bounds
  }
}

extension LogCore {
  /// The version of an aggregate as a reader sees it.
  ///
  /// - Parameter isPinned: whether the moment may be an old one.
  func version(
    of id: Span<UInt8>,
    at moment: LogPin,
    isPinned: Bool,
    _ visibility: Durability?
  ) throws(LogError) -> UInt64 {
    var known: UInt64 = 0
    if !isPinned {
      if let newest = try settledVersion(of: id, through: moment.position.rawValue) {
        // What is newest now and no newer than the moment was newest then. A footer's version may
        // be newer, but not if the view is the current one still.
        if newest.isPlaced || currentView === moment.view { return newest.version }
      }
      // Where compaction removed events, footers still tell the version.
      known = try newest(hasher.hash(id, .aggregate), in: moment.view.directory)?.version ?? 0
    }
    var request = ReadRequest.aggregate(AggregateID(id.text))
    request.isReversed = true
    request.limit = 1
    request.visibility = visibility
    request.pin = moment
    request.ignoresRetention = true
    var cursor = try EventCursor(self, request)
    return max(known, try cursor.next()?.version.rawValue ?? 0)
  }
}
