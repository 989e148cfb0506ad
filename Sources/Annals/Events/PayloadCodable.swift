/// An event that writes and reads its CBOR payloads by hand: for the few types whose number makes
/// `Codable` too slow.
///
/// Used instead of `Codable` where the codec is `.cbor`; in JSON the type is still coded by
/// `Codable`. Write what `Codable` would, a map of keys and values, and pass over keys that are not
/// known, and payloads of either origin are read in either way.
///
/// ```swift
/// extension Moved: PayloadCodable {
///   func write(to writer: inout PayloadWriter) -> Int {
///     writer.beginMap(1)
///     writer.write("to")
///     writer.write(to)
///     return 0
///   }
/// }
/// ```
public protocol PayloadCodable: Event {
  /// Writes what the event holds as one item, and returns the place of its type among those of the
  /// schema: that of the case for an enum, 0 for a struct.
  func write(to writer: inout PayloadWriter) -> Int

  /// Reads the one item that an event of the type at this place of the schema holds.
  ///
  /// - Throws: `CBORError`, or what the type has to say of a payload that does not fit.
  init(typeIndex: Int, from reader: inout PayloadReader) throws
}

/// The two ways of a type that is coded by hand, found once for a table: asking a value whether its
/// type can do it costs more than the writing.
struct HandCoding<Value>: Sendable {
  let write: @Sendable (Value, inout PayloadWriter) -> Int
  let read: @Sendable (Int, inout PayloadReader) throws -> Value

  /// Those of `Value`, if it is coded by hand.
  static func of(_ type: Value.Type) -> HandCoding? {
    (type as? any PayloadCodable.Type)?.handCoding as? HandCoding
  }
}

extension PayloadCodable {
  fileprivate static var handCoding: any Sendable {
    HandCoding<Self>(
      write: { value, writer in value.write(to: &writer) },
      read: { index, reader in try Self(typeIndex: index, from: &reader) }
    )
  }
}
