import Annals
import AnnalsTesting
import Testing

private struct PlacedV1: Codable, Sendable { var total: Int }
private struct PlacedV2: Codable, Sendable { var cents: Int }

private enum OrderStory: Event, Equatable {
  case placed(cents: Int, currency: String)
  case shipped

  static let schema = EventSchema<OrderStory>(cases: [
    "placed": EventType("OrderPlaced", version: 3),
    "shipped": "OrderShipped",
  ])
  .upcasting("OrderPlaced", from: 1) { (old: PlacedV1) in PlacedV2(cents: old.total * 100) }
  .upcasting("OrderPlaced", from: 2) { (old: PlacedV2) in
    OrderStory.placed(cents: old.cents, currency: "EUR")
  }
  .upcasting("OrderSent", from: 1) { (_: [String: String]) in OrderStory.shipped }
}

private struct Single: Event, Equatable {
  static let schema = EventSchema<Single>("Single")
  var tags: [String] { ["of:\(owner)"] }
  var owner: String
}

private struct Usurper: Event {
  static let schema = EventSchema<Usurper>("Single")
}

private struct Gap: Event {
  static let schema = EventSchema<Gap>(EventType("Gap", version: 3))
    .upcasting("Gap", from: 1) { (old: PlacedV1) in PlacedV2(cents: old.total) }
}

private enum Forgetful: Event {
  case named, unnamed
  static let schema = EventSchema<Forgetful>(cases: ["named": "Named"])
}

private enum Either: Event {
  case order(OrderStory), single(Single)
  static let schema = EventSchema<Either>(
    joining: .init(OrderStory.self) { .order($0) },
    .init(Single.self) { .single($0) }
  )
}

@Suite struct EventSchemaTests {
  private func store(_ events: [(String, String)]) throws -> EventStore {
    let store = try EventStore.inMemory()
    for (type, json) in events {
      try store.log.append([NewEvent(type: type, payload: Array(json.utf8))], to: "order-1")
    }
    return store
  }

  @Test func oldVersionsAndNamesAreReadAsTheCurrentOne() throws {
    let store = try store([
      ("OrderPlaced", #"{"total":7}"#), ("OrderPlaced@2", #"{"cents":800}"#),
      ("OrderPlaced@3", #"{"cents":900,"currency":"USD"}"#), ("OrderSent", "{}"),
    ])
    let events = try store.events(of: "order-1", as: OrderStory.self).map(\.value)
    #expect(
      events == [
        .placed(cents: 700, currency: "EUR"), .placed(cents: 800, currency: "EUR"),
        .placed(cents: 900, currency: "USD"), .shipped,
      ]
    )
    try store.append([events[0], events[3]], to: "order-1")
    #expect(try store.log.read().suffix(2).map(\.type) == ["OrderPlaced@3", "OrderShipped"])
  }

  @Test func tagsAndMetadataGoWithTheEvent() async throws {
    let store = try EventStore.inMemory()
    try await EventContext.with(correlation: "c-1", actor: "ada") {
      try await store.append(
        [Single(owner: "bob")],
        to: "single-1",
        metadata: Metadata([Metadata.Pair(name: "actor", value: "eve")])
      )
    }
    let event = try #require(try store.log.read(.matching(Query(tags: ["of:bob"]))).first)
    #expect(event.metadata[Metadata.actor] == "eve")
    #expect(event.metadata[Metadata.correlation] == "c-1")
  }

  @Test func twoTypesOfOneNameAreRefused() throws {
    let store = try EventStore.inMemory()
    try store.append([Single(owner: "bob")], to: "single-1")
    do throws(StoreError) {
      try store.append([Usurper()], to: "single-1")
      Issue.record("the name is taken")
    } catch {
      guard case .schema(.nameTaken("Single", by: _)) = error else { throw error }
    }
    #expect(throws: StoreError.self) {
      try EventStore.inMemory(events: [Single.self, Usurper.self])
    }
  }

  @Test func aGapInTheStepsIsFoundAtOnce() throws {
    do throws(StoreError) {
      _ = try EventStore.inMemory(events: [Gap.self])
      Issue.record("a step is missing")
    } catch {
      guard case .schema(.missingUpcast(let type)) = error else { throw error }
      #expect(type == EventType("Gap", version: 2))
    }
  }

  @Test func aCaseWithoutNameIsRefusedBeforeAByteIsWritten() throws {
    let store = try EventStore.inMemory()
    #expect(throws: StoreError.self) {
      try store.append([Forgetful.named, .unnamed], to: "thing-1")
    }
    #expect(store.head == 0)
  }

  @Test func joinedTypesAreReadTogetherAndNeverWritten() throws {
    let store = try store([("OrderPlaced@2", #"{"cents":5}"#), ("Single", #"{"owner":"bob"}"#)])
    let events = try store.events(of: "order-1", as: Either.self).map(\.value)
    guard case .order(.placed(5, "EUR")) = events[0],
      case .single(Single(owner: "bob")) = events[1]
    else {
      Issue.record("\(events)")
      return
    }
    #expect(throws: StoreError.self) { try store.append([events[0]], to: "order-1") }
  }

  @Test func whatCannotBeReadIsToldWithItsPlace() throws {
    let store = try store([("OrderShipped", "{}"), ("OrderEaten", "{}")])
    do throws(StoreError) {
      _ = try store.events(of: "order-1", as: OrderStory.self)
      Issue.record("an unknown type is an error")
    } catch {
      guard case .event(let reason) = error, case .unknownType = reason.reason else { throw error }
      #expect(reason.position == 2)
      #expect(reason.aggregate == "order-1")
      #expect(reason.type == "OrderEaten")
    }
  }
}
