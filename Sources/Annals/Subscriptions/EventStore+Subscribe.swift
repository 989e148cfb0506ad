extension EventStore {
  /// Follows the store from behind a position: catch-up, then live.
  ///
  /// ```swift
  /// for try await item in store.subscribe(after: checkpoint) {
  ///   if case .event(let event) = item { print(event.position, event.type) }
  /// }
  /// ```
  public func subscribe(
    after position: Position = .start,
    matching query: Query = .all
  ) -> Subscription<RecordedEvent> {
    var request = SubscriptionRequest()
    request.after = position
    request.query = query
    return subscribe(request)
  }

  /// Follows the store as a request says.
  public func subscribe(_ request: SubscriptionRequest) -> Subscription<RecordedEvent> {
    Subscription(
      SubscriptionSource(store: self, request: request) { event throws(StoreError) in
        event.copy()
      }
    )
  }

  /// Follows the events of one Swift type, as its values.
  ///
  /// Events whose payload a rule of retention took away are passed over.
  ///
  /// - Parameter request: Its query, if it is `.all`, is narrowed to the types that `type` reads.
  ///   An event that cannot be read ends the subscription with an `.event` error.
  public func subscribe<Value: Event>(
    to type: Value.Type,
    _ request: SubscriptionRequest = SubscriptionRequest()
  ) throws(StoreError) -> Subscription<TypedEvent<Value>> {
    let shared = SharedReader(try reader(of: type))
    return Subscription(
      SubscriptionSource(store: self, request: request.narrowed(to: type)) {
        event throws(StoreError) in
        TypedEvent(value: try shared.read(event), record: event.copy())
      }
    )
  }

  /// Follows events as values of one Swift type, with those it cannot read among them.
  public func subscribe<Value: Event>(
    reporting type: Value.Type,
    _ request: SubscriptionRequest = SubscriptionRequest()
  ) throws(StoreError) -> Subscription<ReportedEvent<Value>> {
    let shared = SharedReader(try reader(of: type))
    return Subscription(
      SubscriptionSource(store: self, request: request) { event throws(StoreError) in
        ReportedEvent(event, shared)
      }
    )
  }

  /// Owned events of one aggregate behind a version, as values of their Swift type.
  public func events<Value: Event>(
    of aggregate: AggregateID,
    as type: Value.Type,
    after version: Version = .none
  ) throws(StoreError) -> [TypedEvent<Value>] {
    let shared = SharedReader(try reader(of: type))
    var request = ReadRequest.aggregate(aggregate, after: version)
    request.hidesRedacted = true
    return try collect(request) { event throws(StoreError) in
      TypedEvent(value: try shared.read(event), record: event.copy())
    }
  }

  /// Owned events that a request asks for, as values where they can be read as such.
  public func events<Value: Event>(
    _ request: ReadRequest,
    reporting type: Value.Type
  ) throws(StoreError) -> [ReportedEvent<Value>] {
    let shared = SharedReader(try reader(of: type))
    return try collect(request) { event throws(StoreError) in ReportedEvent(event, shared) }
  }

  private func collect<Item>(
    _ request: ReadRequest,
    _ make: (borrowing EventView) throws(StoreError) -> Item
  ) throws(StoreError) -> [Item] {
    var items: [Item] = []
    do {
      var cursor = try log.cursor(request)
      while let event = try cursor.next() { items.append(try make(event)) }
    } catch let error as LogError {
      throw .log(error)
    } catch let error as StoreError {
      throw error
    } catch {
      preconditionFailure("reading throws nothing else")
    }
    return items
  }
}

extension SubscriptionRequest {
  fileprivate func narrowed<Value: Event>(to type: Value.Type) -> SubscriptionRequest {
    var request = self
    if request.query == .all { request.query = Query(types: type.schema.readableTypes) }
    request.hidesRedacted = true
    return request
  }
}

/// An event as a Swift value, and as it stands in the log.
public struct TypedEvent<Value: Event>: Sendable {
  /// What happened.
  public let value: Value
  /// Where, when, to whom.
  public let record: RecordedEvent
}

/// An event that may be one of a Swift type's, or not.
public enum ReportedEvent<Value: Event>: Sendable {
  /// What happened.
  case event(Value, RecordedEvent)
  /// The type does not know it, or cannot decode it.
  case unknown(RecordedEvent, EventError)

  init(_ event: borrowing EventView, _ reader: SharedReader<Value>) {
    let record = event.copy()
    do throws(StoreError) {
      self = .event(try reader.read(event), record)
    } catch {
      guard case .event(let reason) = error else {
        preconditionFailure("a reader throws nothing else")
      }
      self = .unknown(record, reason)
    }
  }
}

/// An `EventReader` for one user at a time that cannot hold it as a variable.
final class SharedReader<Value: Event>: @unchecked Sendable {
  // Checked how: touched only under `lock`, which nobody else wants.
  private let lock = Lock()
  private var reader: EventReader<Value>

  init(_ reader: EventReader<Value>) {
    self.reader = reader
  }

  func read(_ event: borrowing EventView) throws(StoreError) -> Value {
    lock.lock()
    defer { lock.unlock() }
    do throws(EventError) {
      return try reader.read(event)
    } catch {
      throw .event(error)
    }
  }
}
