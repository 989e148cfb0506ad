/// The event types a store has met: each Swift type's checked schema, and who owns which name.
package final class EventRegistry: @unchecked Sendable {
  // Checked how: the dictionaries are touched only under `lock`.
  private let lock = Lock()
  private var tables: [ObjectIdentifier: AnyObject] = [:]
  /// The types that have been made the owners of their names.
  private var claimed: Set<ObjectIdentifier> = []
  private var owners: [String: (type: ObjectIdentifier, swiftName: String)] = [:]

  package init() {}

  /// The checked schema for reading; no name is claimed.
  package func table<Value: Event>(
    reading type: Value.Type
  ) throws(StoreError) -> EventTable<Value> {
    try lock.withLock { () throws(StoreError) in try found(type) }
  }

  /// The checked schema for writing: its names are this Swift type's from now on.
  package func table<Value: Event>(
    writing type: Value.Type
  ) throws(StoreError) -> EventTable<Value> {
    try lock.withLock { () throws(StoreError) in
      let table = try found(type)
      if claimed.contains(ObjectIdentifier(type)) { return table }
      let swiftName = String(reflecting: type)
      guard table.schema.parts.isEmpty else { throw .schema(.readOnly(swiftType: swiftName)) }
      for name in table.schema.readableTypes {
        if let owner = owners[name], owner.type != ObjectIdentifier(type) {
          throw .schema(.nameTaken(EventType(text: name), by: owner.swiftName))
        }
      }
      for name in table.schema.readableTypes {
        owners[name] = (ObjectIdentifier(type), swiftName)
      }
      claimed.insert(ObjectIdentifier(type))
      return table
    }
  }

  private func found<Value: Event>(
    _ type: Value.Type
  ) throws(StoreError) -> EventTable<Value> {
    if let table = tables[ObjectIdentifier(type)] as? EventTable<Value> { return table }
    do throws(SchemaError) {
      let table = try EventTable(Value.schema)
      tables[ObjectIdentifier(type)] = table
      return table
    } catch {
      throw .schema(error)
    }
  }
}
