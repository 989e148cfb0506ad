public import Annals

/// Creates an order.
public struct CreateOrder: BusCommand {
  /// What is sent back.
  public typealias Outcome = Receipt
  /// The order's id.
  public var order: AggregateID
  /// Who orders.
  public var customer: String
  /// What.
  public var items: [OrderItem]

  /// Creates the command.
  public init(order: AggregateID, customer: String, items: [OrderItem]) {
    self.order = order
    self.customer = customer
    self.items = items
  }
}

/// Adds an item to an order.
public struct AddOrderItem: BusCommand {
  /// What is sent back.
  public typealias Outcome = Receipt
  /// The order's id.
  public var order: AggregateID
  /// What.
  public var item: OrderItem

  /// Creates the command.
  public init(order: AggregateID, item: OrderItem) {
    self.order = order
    self.item = item
  }
}

/// Asks for an order.
public struct GetOrder: BusQuery {
  /// The order, if there is one.
  public typealias Answer = OrderBook.Entry?
  /// The order's id.
  public var order: AggregateID

  /// Creates the query.
  public init(order: AggregateID) {
    self.order = order
  }
}

/// Asks for the orders of a customer.
public struct GetCustomerOrders: BusQuery {
  /// The orders, oldest first.
  public typealias Answer = [OrderBook.Entry]
  /// Whose.
  public var customer: String

  /// Creates the query.
  public init(customer: String) {
    self.customer = customer
  }
}

/// The shop: commands change orders, queries are answered from the read model.
public struct Shop: Sendable {
  /// The write side.
  public let commands: CommandBus
  /// The read side.
  public let queries: QueryBus
  /// The read model.
  public let book: RunningProjection<OrderBook>

  /// Opens the shop on a store.
  public init(_ store: EventStore) throws {
    let book = try store.start(OrderBook())
    self.book = book
    commands = CommandBus()
      .handling(CreateOrder.self) { command in
        try await Self.receipt(
          store.execute(
            .create(customer: command.customer, items: command.items),
            on: command.order,
            as: Order.self
          )
        )
      }
      .handling(AddOrderItem.self) { command in
        try await Self.receipt(
          store.execute(.add(command.item), on: command.order, as: Order.self)
        )
      }
    queries = QueryBus()
      .answering(GetOrder.self) { query in
        book.read { $0.orders[query.order.text] }
      }
      .answering(GetCustomerOrders.self) { query in
        book.read { book in
          (book.ordersOfCustomer[query.customer] ?? []).compactMap { book.orders[$0] }
        }
      }
  }

  private static func receipt(_ execution: Execution<Order>) -> Receipt {
    guard let receipt = execution.receipt else {
      preconditionFailure("each command of the shop makes an event or is refused")
    }
    return receipt
  }
}
