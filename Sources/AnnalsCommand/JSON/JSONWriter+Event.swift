package import AnnalsLog

extension JSONWriter {
  /// Writes an event as one line, with its line break: what an import takes, and where it stood.
  package mutating func eventLine(
    position: Position,
    version: Version,
    aggregate: String,
    type: String,
    time: Timestamp,
    data: Span<UInt8>,
    id: UniqueID? = nil,
    tags: [String] = [],
    metadata: [MetadataPair] = []
  ) {
    object { writer in
      writer.member("position", position.rawValue)
      writer.member("version", version.rawValue)
      writer.member("aggregate", aggregate)
      writer.member("type", type)
      writer.key("time")
      writer.time(time)
      writer.key("data")
      writer.payload(data)
      if let id {
        writer.key("id")
        writer.id(id)
      }
      if !tags.isEmpty { writer.member("tags", tags) }
      if !metadata.isEmpty {
        writer.key("metadata")
        writer.object { for pair in metadata { $0.member(pair.key, pair.value) } }
      }
    }
    endLine()
  }

  /// Writes a moment as a string.
  package mutating func time(_ time: Timestamp) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    time.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes an identifier as a string.
  package mutating func id(_ id: UniqueID) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    id.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a payload: JSON as it is but for white space, anything else in the binary form.
  package mutating func payload(_ payload: Span<UInt8>) {
    separate()
    if let value = PayloadForm.json(payload) {
      return JSONText.appendCompacted(value, in: payload, to: &bytes)
    }
    bytes.append(contentsOf: "{\"\(PayloadForm.binaryKey)\":\"".utf8)
    Base64.encode(payload, to: &bytes)
    bytes.append(contentsOf: "\"}".utf8)
  }
}
