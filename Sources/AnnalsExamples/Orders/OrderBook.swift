public import Annals

/// All orders and who ordered them: the shop's read model.
public struct OrderBook: Projection, Equatable {
  /// The name it is kept under.
  public static let name = "order-book"
  /// The orders by their ids.
  public private(set) var orders: [String: Entry] = [:]
  /// The ids of each customer's orders, in the order they were created.
  public private(set) var ordersOfCustomer: [String: [String]] = [:]

  /// An order as it is shown.
  public struct Entry: Codable, Hashable, Sendable {
    /// The order's id.
    public var id: String
    /// Whose it is.
    public var customer: String
    /// What was ordered.
    public var items: [OrderItem]
    /// The price of everything.
    public var total: Money
  }

  /// The shop before its first order.
  public init() {}

  /// Takes in what happened to one order.
  public mutating func apply(_ event: OrderEvent, _ record: borrowing EventView) {
    let id = record.aggregate.text
    switch event {
    case .created(let customer, let items):
      let total = items.reduce(Money.zero) { $0 + $1.total }
      orders[id] = Entry(id: id, customer: customer, items: items, total: total)
      ordersOfCustomer[customer, default: []].append(id)
    case .itemAdded(let item):
      orders[id]?.items.append(item)
      orders[id]?.total += item.total
    }
  }
}
