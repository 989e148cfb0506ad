/// Makes Swift values of stored events.
///
/// Types are looked up by their numbers in an array; a name is looked at once per type and reader.
/// Not for two threads at once: a copy for each.
package struct EventReader<Value: Event>: Sendable {
  private let table: EventTable<Value>
  private let codecs: [any EventCodec]
  private var forms: [EventForm] = []

  /// A reader for payloads in any of `codecs`; the first is tried first.
  package init(_ table: EventTable<Value>, codecs: [any EventCodec]) {
    self.table = table
    self.codecs = codecs
  }

  /// The event as a value; nil if its type is none of the schema's.
  package mutating func readIfKnown(
    _ record: borrowing EventView
  ) throws(EventError) -> Value? {
    let form = form(of: record)
    return form == .foreign ? nil : try decode(record, form)
  }

  /// The event as a value.
  package mutating func read(_ record: borrowing EventView) throws(EventError) -> Value {
    let form = form(of: record)
    if form == .foreign { throw EventError(record, swiftType: Value.self, .unknownType) }
    return try decode(record, form)
  }

  private func decode(
    _ record: borrowing EventView,
    _ form: EventForm
  ) throws(EventError) -> Value {
    if record.isRedacted { throw EventError(record, swiftType: Value.self, .redacted) }
    for index in codecs.indices where codecs[index].isEncoding(of: record.payload) {
      do {
        return try table.decode(form, codecs[index], record.payload)
      } catch {
        throw EventError(record, swiftType: Value.self, .undecodable(error))
      }
    }
    throw EventError(record, swiftType: Value.self, .unknownEncoding)
  }

  private mutating func form(of record: borrowing EventView) -> EventForm {
    let number = record.typeNumber
    if number < forms.count, forms[number] != .unresolved { return forms[number] }
    while forms.count <= number { forms.append(.unresolved) }
    let form = table.form(of: record.type)
    forms[number] = form
    return form
  }
}
