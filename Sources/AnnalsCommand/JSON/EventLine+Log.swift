package import AnnalsLog

extension EventLine {
  /// Adds the event to a batch.
  ///
  /// - Throws: `.limitExceeded` or `.invalidName`; the batch is then as it was before.
  package func add(to batch: EventBatch) throws(LogError) {
    if id == nil, tags.isEmpty, metadata.isEmpty {
      let aggregate = aggregate.utf8
      return try batch.add(type, to: aggregate.span, payload: data.span, time: time)
    }
    let event = NewEvent(
      type: type,
      payload: data,
      time: time,
      id: id.map { EventID($0) },
      tags: tags,
      metadata: Metadata(metadata.map { Metadata.Pair(name: $0.key, value: $0.value) })
    )
    try batch.add(event, to: AggregateID(aggregate))
  }
}

extension JSONWriter {
  /// Writes an event of the log as one line, with its line break.
  package mutating func eventLine(_ event: borrowing EventView) {
    eventLine(
      position: event.position,
      version: event.version,
      aggregate: event.aggregate.text,
      type: event.type,
      time: event.time,
      data: event.payload,
      id: event.id.map { UniqueID($0) },
      tags: event.tags,
      metadata: event.metadata.pairs.map { MetadataPair($0.name, $0.value) }
    )
  }
}

// The log keeps 16 bytes in the order of the text; both sides hold them as two numbers.

extension EventID {
  fileprivate init(_ id: UniqueID) {
    self.init(low: id.high.byteSwapped, high: id.low.byteSwapped)
  }
}

extension UniqueID {
  fileprivate init(_ id: EventID) {
    self.init(high: id.low.byteSwapped, low: id.high.byteSwapped)
  }
}
