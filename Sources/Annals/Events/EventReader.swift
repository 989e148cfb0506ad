/// Makes Swift values of stored events.
///
/// Types are looked up by their numbers in an array; a name is looked at once per type and reader.
/// Not for two threads at once: a copy for each.
package struct EventReader<Value: Event>: Sendable {
  private let table: EventTable<Value>
  private let codecs: [any EventCodec]
  private var forms: [EventTable<Value>.Form] = []

  /// A reader for payloads in any of `codecs`; the first is tried first.
  package init(_ table: EventTable<Value>, codecs: [any EventCodec]) {
    self.table = table
    self.codecs = codecs
  }

  /// The event as a value; nil if its type is none of the schema's.
  package mutating func readIfKnown(
    _ record: borrowing EventView
  ) throws(EventError) -> Value? {
    let number = record.typeNumber
    if number >= forms.count || forms[number] == .unresolved { resolve(record) }
    let form = forms[number]
    if form == .foreign { return nil }
    if record.isRedacted { throw EventError(record, swiftType: Value.self, .redacted) }
    for codec in codecs where codec.isEncoding(of: record.payload) {
      do {
        return try table.decode(form, codec, record.payload)
      } catch {
        throw EventError(record, swiftType: Value.self, .undecodable(error))
      }
    }
    throw EventError(record, swiftType: Value.self, .unknownEncoding)
  }

  /// The event as a value.
  package mutating func read(_ record: borrowing EventView) throws(EventError) -> Value {
    if let value = try readIfKnown(record) { return value }
    throw EventError(record, swiftType: Value.self, .unknownType)
  }

  private mutating func resolve(_ record: borrowing EventView) {
    let number = record.typeNumber
    while forms.count <= number { forms.append(.unresolved) }
    forms[number] = table.form(of: record.type)
  }
}
