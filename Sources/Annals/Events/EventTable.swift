/// What a stored type means to a schema.
///
/// No part of a generic type: a reader that was not compiled for its event would look into the
/// runtime's tables whenever it touches one.
package enum EventForm: Equatable, Sendable {
  /// Not looked up yet.
  case unresolved
  /// No event of this schema.
  case foreign
  /// A current type, by its place in the schema.
  case current(Int)
  /// A retired or wrapped one, by the place of its converter.
  case converted(Int)
}

/// A schema, checked and made ready for reading events.
package final class EventTable<Value: Event>: Sendable {
  package let schema: EventSchema<Value>
  /// The current types as they stand in the log.
  package let typeTexts: [String]
  /// How values are coded by hand, where the type does that.
  let byHand: HandCoding<Value>?
  private let forms: [String: EventForm]
  private let converters: [EventSchema<Value>.Converter]

  /// Checks the schema.
  package init(_ schema: EventSchema<Value>) throws(SchemaError) {
    self.schema = schema
    byHand = schema.parts.isEmpty ? HandCoding.of(Value.self) : nil
    typeTexts = schema.types.map(\.text)
    var forms: [String: EventForm] = [:]
    var converters: [EventSchema<Value>.Converter] = []
    if schema.parts.isEmpty {
      for (index, type) in schema.types.enumerated() {
        guard !type.name.isEmpty, !type.name.contains("@"), type.version >= 1 else {
          throw .invalidType(type)
        }
        guard forms.updateValue(.current(index), forKey: type.text) == nil else {
          throw .duplicateType(type)
        }
      }
    }
    for part in schema.parts {
      for (type, converter) in try part.makeConverters() {
        guard forms.updateValue(.converted(converters.count), forKey: type) == nil else {
          throw .duplicateType(EventType(text: type))
        }
        converters.append(converter)
      }
    }
    for upcast in schema.upcasts {
      guard forms.updateValue(.converted(converters.count), forKey: upcast.type.text) == nil
      else { throw .duplicateType(upcast.type) }
      converters.append(try Self.chain(from: upcast, in: schema.upcasts))
    }
    self.forms = forms
    self.converters = converters
  }

  /// The steps from a retired version to the event, as one.
  private static func chain(
    from first: Upcast,
    in upcasts: [Upcast]
  ) throws(SchemaError) -> EventSchema<Value>.Converter {
    var steps = [first]
    var last = first
    while last.output != ObjectIdentifier(Value.self) {
      let next = EventType(last.type.name, version: last.type.version + 1)
      guard let step = upcasts.first(where: { $0.type == next }), step.input == last.output
      else { throw .missingUpcast(next) }
      steps.append(step)
      last = step
    }
    let all = steps
    return { codec, payload in
      var value = try all[0].decode(codec, payload)
      for step in all { value = try step.step(value) }
      guard let event = value as? Value else {
        preconditionFailure("the last step was checked to give the event")
      }
      return event
    }
  }

  /// What a type of the log means here.
  package func form(of type: String) -> EventForm { forms[type] ?? .foreign }

  /// The event a payload of a known form holds.
  package func decode(
    _ form: EventForm,
    _ codec: any EventCodec,
    _ payload: Span<UInt8>
  ) throws -> Value {
    switch form {
    case .current(let index):
      if let byHand, type(of: codec) == CBOREventCodec.self {
        var reader = try PayloadReader(payload)
        let value = try byHand.read(index, &reader)
        try reader.finish()
        return value
      }
      return schema.cases.isEmpty
        ? try codec.decode(Value.self, from: payload)
        : try codec.decode(Value.self, case: schema.cases[index], from: payload)
    case .converted(let index):
      return try converters[index](codec, payload)
    case .foreign, .unresolved:
      preconditionFailure("the caller found the form to be one of the schema's")
    }
  }
}
