/// How the values of one Swift type stand in the log: their names, their versions, and how retired
/// versions are read.
public struct EventSchema<Value: Event>: Sendable {
  /// Makes a value from the payload of a stored event, with the codec the payload is in.
  package typealias Converter = @Sendable (any EventCodec, Span<UInt8>) throws -> Value

  /// The current types, in the order they were given.
  public let types: [EventType]
  /// For an enum the coding key of each type's case; empty for a struct.
  package let cases: [String]
  /// Steps from a retired version to the next, or to the value itself.
  package private(set) var upcasts: [Upcast] = []
  /// Other event types whose values this one wraps.
  package let parts: [Part]

  /// A struct: all values are of one type.
  public init(_ type: EventType) {
    types = [type]
    cases = []
    parts = []
  }

  /// An enum: each case is a type.
  ///
  /// - Parameter cases: The coding key of each case, which is its name unless the enum declares
  ///   `CodingKeys`, with the type it is stored under.
  public init(cases: KeyValuePairs<String, EventType>) {
    types = cases.map(\.value)
    self.cases = cases.map(\.key)
    parts = []
  }

  /// A type for reading alone, whose values wrap those of other event types.
  public init(joining parts: Part...) {
    types = parts.flatMap(\.types)
    cases = []
    self.parts = parts
  }

  /// Says how a retired version is read.
  ///
  /// The steps of one name are followed from the version found, each giving what the next takes;
  /// the last one gives the event itself. It is the way to rename, too: the retired name may be
  /// any. Steps are checked when the schema is first used: a gap is a `SchemaError`.
  ///
  /// - Parameters:
  ///   - name: The name the version was stored under.
  ///   - version: The version it reads.
  ///   - step: Turns a payload of that version into the next version's, or into the event.
  public func upcasting<Old: Decodable & Sendable, New: Sendable>(
    _ name: String,
    from version: Int,
    _ step: @escaping @Sendable (Old) throws -> New
  ) -> EventSchema {
    var schema = self
    schema.upcasts.append(Upcast(EventType(name, version: version), step))
    return schema
  }

  /// All types that a reader of `Value` understands, current and retired, as they stand in the
  /// log.
  public var readableTypes: [String] {
    types.map(\.text) + upcasts.map(\.type.text) + parts.flatMap(\.retiredTypes)
  }

  /// One of the event types that a joining schema reads.
  public struct Part: Sendable {
    package let types: [EventType]
    package let retiredTypes: [String]
    package let makeConverters: @Sendable () throws(SchemaError) -> [String: Converter]

    /// Takes the events of `Inner`, each wrapped by `wrap`.
    public init<Inner: Event>(
      _ inner: Inner.Type,
      as wrap: @escaping @Sendable (Inner) -> Value
    ) {
      let schema = Inner.schema
      types = schema.types
      let current = schema.types.map(\.text)
      retiredTypes = schema.readableTypes.filter { !current.contains($0) }
      makeConverters = { () throws(SchemaError) in
        let table = try EventTable(schema)
        var converters: [String: Converter] = [:]
        for type in schema.readableTypes {
          let form = table.form(of: type)
          converters[type] = { codec, payload in
            wrap(try table.decode(form, codec, payload))
          }
        }
        return converters
      }
    }
  }
}

/// The step from a retired version's payload to the next version's.
package struct Upcast: Sendable {
  let type: EventType
  let input: ObjectIdentifier
  let output: ObjectIdentifier
  /// Reads a payload of the retired version.
  let decode: @Sendable (any EventCodec, Span<UInt8>) throws -> any Sendable
  /// Takes what `decode` or the step before gave.
  let step: @Sendable (any Sendable) throws -> any Sendable

  init<Old: Decodable & Sendable, New: Sendable>(
    _ type: EventType,
    _ step: @escaping @Sendable (Old) throws -> New
  ) {
    self.type = type
    input = ObjectIdentifier(Old.self)
    output = ObjectIdentifier(New.self)
    decode = { codec, payload in try codec.decode(Old.self, from: payload) }
    self.step = { value in
      guard let old = value as? Old else {
        preconditionFailure("the table checked that each step takes what the one before gives")
      }
      return try step(old)
    }
  }
}

/// What is wrong with a schema, or between two of them.
@nonexhaustive
public enum SchemaError: Error, Hashable, Sendable {
  /// Two cases of an enum, or two steps, bear the same type.
  case duplicateType(EventType)
  /// A name is empty, or has an `@`, or a version is below 1.
  case invalidType(EventType)
  /// Two Swift types would store events of one name.
  case nameTaken(EventType, by: String)
  /// The steps from a retired version do not lead to the event: the one for this type is missing,
  /// or takes something else than the step before gives.
  case missingUpcast(EventType)
  /// A value was of a case that the schema does not name.
  case unnamedCase(swiftType: String)
  /// The schema joins others and is for reading alone.
  case readOnly(swiftType: String)
}
