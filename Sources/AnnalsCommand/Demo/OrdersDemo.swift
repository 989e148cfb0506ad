internal import Annals
internal import AnnalsExamples

/// The story of a shop: commands on one side, queries on the other.
struct OrdersDemo {
  let path: String
  let page: DemoPage

  private static let order: AggregateID = "order-1"

  func run() throws {
    let store = try EventStore(at: path)
    let shop = try Shop(store)
    try showCommands(shop)
    try showRefusal(shop)
    try showQueries(shop)
    try showHistory(store)
    try showRebuild(shop)
    try store.close()
    try showReopen()
  }

  private func showCommands(_ shop: Shop) throws {
    try page.title(
      "Commands",
      "The command bus hands each to its handler, which executes it on an order."
    )
    let first = OrderItem(id: "item-1", quantity: 2, price: 50)
    let create = CreateOrder(order: Self.order, customer: "customer-123", items: [first])
    let created = try blocking {
      try await EventContext.with(correlation: "request-1", actor: "customer-123") {
        try await shop.commands.send(create)
      }
    }
    try page.say("create \(Self.order): position \(created.lastPosition)")
    let second = OrderItem(id: "item-2", quantity: 1, price: 25)
    let added = try blocking {
      try await EventContext.with(correlation: "request-2", causation: "1") {
        try await shop.commands.send(AddOrderItem(order: Self.order, item: second))
      }
    }
    try page.say("add item-2: position \(added.lastPosition)")
    // To read what one has written.
    try shop.book.reached(added.lastPosition, within: .seconds(10))
  }

  private func showRefusal(_ shop: Shop) throws {
    let free = OrderItem(id: "item-3", quantity: 1, price: 0)
    do {
      _ = try blocking {
        try await shop.commands.send(
          CreateOrder(order: "order-2", customer: "customer-123", items: [free])
        )
      }
    } catch ExecuteError<OrderRefusal>.refused(let refusal) {
      try page.say("create an order of nothing: \(refusal)")
    }
  }

  private func showQueries(_ shop: Shop) throws {
    try page.title("Queries", "The query bus asks the read model, never the orders themselves.")
    let orders = try blocking {
      try await shop.queries.ask(GetCustomerOrders(customer: "customer-123"))
    }
    var table = Table([.text("order"), .text("item"), .number("quantity"), .number("price")])
    for order in orders {
      for item in order.items {
        table.addRow([order.id, item.id, "\(item.quantity)", "\(item.price)"])
      }
    }
    try page.print(table)
    let order = try blocking { try await shop.queries.ask(GetOrder(order: Self.order)) }
    try page.say("total of \(Self.order): \(order?.total ?? .zero)")
  }

  private func showHistory(_ store: EventStore) throws {
    try page.title("The audit trail", "Who did what, as part of which request.")
    var table = Table([
      .number("position"), .text("event"), .text("correlation"), .text("actor"),
      .number("total after"),
    ])
    for step in try store.history(of: Self.order, as: Order.self) {
      table.addRow([
        "\(step.record.position)", step.record.type,
        step.record.metadata[Metadata.correlation] ?? "",
        step.record.metadata[Metadata.actor] ?? "", "\(step.state.total)",
      ])
    }
    try page.print(table)
  }

  private func showRebuild(_ shop: Shop) throws {
    try page.title(
      "Built again",
      "The read model is folded again from the first event, beside the old one, and compared."
    )
    let report = try blocking { try await shop.book.rebuild(comparing: true) }
    try page.say(
      "\(report.eventCount) events folded; \(report.differences?.count ?? 0) differences"
    )
  }

  private func showReopen() throws {
    try page.title("Opened again", "The read model goes on behind what it kept.")
    let store = try EventStore(at: path)
    let shop = try Shop(store)
    try shop.book.reached(store.head, within: .seconds(10))
    try page.say(
      "\(shop.book.read { $0.orders.count }) order,"
        + " kept through position \(shop.book.status.savedThrough)"
    )
    try store.close()
  }
}
