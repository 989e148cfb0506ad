/// The events of one append, in the form the log takes them: reusable, without an object an event.
///
/// Fill it, append it, empty it with `removeAll`, fill it again: in the steady state nothing is
/// allocated. Every limit is checked while it is filled. Not thread-safe; one owner at a time.
public final class EventBatch {
  private let cell: Cell<BatchContents>

  /// Appends are refused if an event of this query stands after this position.
  public var condition: AppendCondition? {
    get { contents.condition }
    set { contents.condition = newValue }
  }
  /// The idempotency key, 1 to 64 bytes.
  public var key: [UInt8]? {
    get { contents.key }
    set { contents.key = newValue }
  }

  /// An empty batch whose payloads and total size obey `limits`.
  public init(limits: BatchLimits = BatchLimits()) {
    cell = Cell(BatchContents(limits: limits))
  }

  /// What it holds.
  var contents: BatchContents {
    @inline(__always) _read { yield cell.value }
    @inline(__always) _modify { yield &cell.value }
  }

  /// The number of events.
  public var count: Int { contents.count }

  /// The hashes of the aggregates the batch names, as of the last append of it.
  package var aggregateHashes: [KeyHash] { contents.aggregates.map(\.hash) }

  /// Empties the batch and keeps its memory.
  public func removeAll() {
    contents.removeAll()
  }

  /// Adds an event to aggregate `aggregate`.
  ///
  /// - Throws: `.limitExceeded` or `.invalidName`; the batch is then as it was before.
  public func add(
    _ type: String,
    to aggregate: Span<UInt8>,
    payload: Span<UInt8>,
    time: Timestamp? = nil
  ) throws(LogError) {
    try contents.add(type, to: aggregate, payload: payload, time: time)
  }

  /// Adds an event to aggregate `aggregate`.
  ///
  /// - Throws: `.limitExceeded` or `.invalidName`; the batch is then as it was before.
  public func add(_ event: NewEvent, to aggregate: AggregateID) throws(LogError) {
    try contents.add(event, to: aggregate)
  }

  /// Demands a version of an aggregate, whether or not the batch has events of it.
  public func expect(_ expected: ExpectedVersion, of aggregate: AggregateID) throws(LogError) {
    try contents.expect(expected, of: aggregate.text.utf8Span.span)
  }

  /// Demands a version of an aggregate, whether or not the batch has events of it.
  public func expect(_ expected: ExpectedVersion, of aggregate: Span<UInt8>) throws(LogError) {
    try contents.expect(expected, of: aggregate)
  }
}

/// The limits a batch is filled under.
public struct BatchLimits: Sendable {
  /// The most bytes of one payload.
  public var payloadBytesMax: Int
  /// The most bytes of the whole append, encoded.
  public var appendBytesMax: Int

  /// Creates limits; the defaults are those of `Limits`.
  public init(
    payloadBytesMax: Int = Limits.payloadBytesDefault,
    appendBytesMax: Int = Limits.appendBytesDefault
  ) {
    self.payloadBytesMax = payloadBytesMax
    self.appendBytesMax = min(appendBytesMax, Limits.appendBytesMax)
  }

  /// The limits of the format: for what was appended under other limits.
  static let greatest = BatchLimits(
    payloadBytesMax: Limits.appendBytesMax,
    appendBytesMax: Limits.appendBytesMax
  )
}
