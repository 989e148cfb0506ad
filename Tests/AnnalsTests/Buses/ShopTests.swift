import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

/// The seed's second story.
@Suite struct ShopTests {
  @Test func commandsChangeOrdersAndQueriesAreAnswered() async throws {
    let store = try EventStore.inMemory()
    let shop = try Shop(store)
    let first = OrderItem(id: "item-1", quantity: 2, price: 50)
    let second = OrderItem(id: "item-2", quantity: 1, price: 25)
    let create = CreateOrder(order: "order-1", customer: "customer-3", items: [first])
    _ = try await shop.commands.send(create)
    let receipt = try await shop.commands.send(AddOrderItem(order: "order-1", item: second))
    try await shop.book.reached(receipt.lastPosition, within: patience)
    let order = try #require(try await shop.queries.ask(GetOrder(order: "order-1")))
    #expect(order.total == 125)
    #expect(order.items == [first, second])
    let all = try await shop.queries.ask(GetCustomerOrders(customer: "customer-3"))
    #expect(all == [order])
    #expect(try await shop.queries.ask(GetOrder(order: "order-2")) == nil)
    try store.close()
  }

  @Test func theRulesHold() async throws {
    let store = try EventStore.inMemory()
    let shop = try Shop(store)
    let free = OrderItem(id: "item-1", quantity: 1, price: 0)
    await #expect(throws: ExecuteError<OrderRefusal>.self) {
      try await shop.commands.send(
        CreateOrder(order: "order-1", customer: "customer-3", items: [free])
      )
    }
    await #expect(throws: ExecuteError<OrderRefusal>.self) {
      try await shop.commands.send(AddOrderItem(order: "order-1", item: free))
    }
    #expect(store.head == 0)
    try store.close()
  }

  @Test func aMessageWithoutHandlerIsRefused() async throws {
    await #expect(throws: UnhandledMessage.self) {
      try await QueryBus().ask(GetOrder(order: "order-1"))
    }
  }
}
