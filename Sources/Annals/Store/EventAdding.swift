/// Encodes values of one event type into batches.
package struct EventAdder<Value: Event>: ~Copyable {
  private let table: EventTable<Value>
  private let codec: any EventCodec
  private let makeID: (@Sendable () -> EventID)?
  private let context: EventContext?
  private var payload: [UInt8] = []
  /// Where events that are coded by hand write themselves.
  private var writer = PayloadWriter(capacity: 0)
  private let byHand: HandCoding<Value>?

  /// An adder with the context of the current task.
  package init(_ store: EventStore) throws(StoreError) {
    table = try store.registry.table(writing: Value.self)
    codec = store.options.codec
    makeID = store.options.makeEventID
    context = EventContext.current
    byHand = codec is CBOREventCodec ? table.byHand : nil
  }

  /// Adds an event to the batch; after an error the batch is as it was before.
  package mutating func add(
    _ event: Value,
    to aggregate: AggregateID,
    metadata: Metadata,
    time: Timestamp?,
    into batch: EventBatch
  ) throws(StoreError) {
    payload.removeAll(keepingCapacity: true)
    let index: Int?
    do {
      index = try encode(event)
    } catch {
      throw .encoding(swiftType: String(describing: Value.self), error)
    }
    guard let index else {
      throw .schema(.unnamedCase(swiftType: String(describing: Value.self)))
    }
    let tags = event.tags
    let completed = context?.completing(metadata) ?? metadata
    do throws(LogError) {
      if tags.isEmpty, completed.isEmpty, makeID == nil {
        try batch.add(
          table.typeTexts[index],
          to: aggregate.text.utf8Span.span,
          payload: payload.span,
          time: time
        )
      } else {
        let new = NewEvent(
          type: table.typeTexts[index],
          payload: payload,
          time: time,
          id: makeID?(),
          tags: tags,
          metadata: completed
        )
        try batch.add(new, to: aggregate)
      }
    } catch {
      throw .log(error)
    }
  }
}

extension EventAdder {
  /// Makes `payload` that of the event, and gives the place of its type in the schema; nil if the
  /// schema does not name its case.
  private mutating func encode(_ event: Value) throws -> Int? {
    if let byHand {
      writer.removeAll()
      let index = byHand.write(event, &writer)
      guard writer.isComplete else { throw EncodingFault.notOneItem.error(event, nil) }
      writer.append(to: &payload)
      return table.typeTexts.indices.contains(index) ? index : nil
    }
    if table.schema.cases.isEmpty {
      try codec.encode(event, into: &payload)
      return 0
    }
    return try codec.encodeCase(of: event, among: table.schema.cases, into: &payload)
  }
}

/// Batches to be used again, so that appending allocates none.
package final class BatchPool: @unchecked Sendable {
  // Checked how: a batch is either in `idle`, touched only under `lock`, or with one user.
  private let lock = Lock()
  private var idle: [EventBatch] = []
  /// More than this many were only needed in a rush.
  private static let idleMax = 64

  package init() {}

  /// An empty batch.
  package func take(_ limits: BatchLimits) -> EventBatch {
    lock.withLock { idle.popLast() } ?? EventBatch(limits: limits)
  }

  /// Takes a batch back.
  package func give(_ batch: EventBatch) {
    batch.removeAll()
    lock.withLock { if idle.count < Self.idleMax { idle.append(batch) } }
  }
}
