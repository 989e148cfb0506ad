package import AnnalsLog

/// One event as it stands on a line of JSON, to be imported.
package struct EventLine: Hashable, Sendable {
  /// The aggregate's id; its limits are the log's to check.
  package var aggregate: String
  /// The type's name.
  package var type: String
  /// When it happened; nil where the clock is to tell.
  package var time: Timestamp?
  /// The payload: compact JSON, or the bytes of the binary form.
  package var data: [UInt8]
  /// The event's own identifier.
  package var id: UniqueID?
  /// The tags, in the order of the line.
  package var tags: [String]
  /// The metadata, in the order of the line.
  package var metadata: [MetadataPair]

  /// The keys of a line.
  ///
  /// `position` and `version` are what an export adds; here they mean nothing.
  package enum Key: UInt16, Sendable {
    case aggregate = 1
    case type = 2
    case time = 4
    case data = 8
    case id = 16
    case tags = 32
    case metadata = 64
    case position = 128
    case version = 256
  }
}

/// A name and a value beside an event's payload.
package struct MetadataPair: Hashable, Sendable {
  /// The name.
  package let key: String
  /// The value.
  package let value: String

  /// Creates a pair.
  package init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

extension EventLine.Key {
  /// The key of that name, or nil.
  init?(name: String) {
    switch name {
    case "aggregate": self = .aggregate
    case "type": self = .type
    case "time": self = .time
    case "data": self = .data
    case "id": self = .id
    case "tags": self = .tags
    case "metadata": self = .metadata
    case "position": self = .position
    case "version": self = .version
    default: return nil
    }
  }
}

extension EventLine {
  /// Parses one line, without its line break.
  ///
  /// - Throws: what is wrong with the line and where, the first fault from the left.
  package init(parsing line: Span<UInt8>) throws(EventLineError) {
    var parser = EventLineParser(line)
    self = try parser.event()
  }
}
