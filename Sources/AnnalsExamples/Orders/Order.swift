public import Annals

/// What happens to an order.
public enum OrderEvent: Event, Equatable {
  /// A customer created it.
  case created(customer: String, items: [OrderItem])
  /// An item was added.
  case itemAdded(OrderItem)

  /// The names in the log.
  public static let schema = EventSchema<OrderEvent>(cases: [
    "created": "OrderCreated",
    "itemAdded": "OrderItemAdded",
  ])

  /// Orders are found by their customer, too.
  public var tags: [String] {
    switch self {
    case .created(let customer, _): ["customer:\(customer)"]
    case .itemAdded: []
    }
  }
}

/// So many of something, at a price each.
public struct OrderItem: Codable, Hashable, Sendable {
  /// What.
  public var id: String
  /// How many.
  public var quantity: Int
  /// The price of one.
  public var price: Money

  /// Creates an item.
  public init(id: String, quantity: Int, price: Money) {
    self.id = id
    self.quantity = quantity
    self.price = price
  }

  /// The price of all of them.
  public var total: Money { price * quantity }
}

/// What an order may be asked.
public enum OrderCommand: Sendable {
  /// Create it.
  case create(customer: String, items: [OrderItem])
  /// Add an item.
  case add(OrderItem)
}

/// Why an order says no.
public enum OrderRefusal: Error, Equatable {
  /// It is there already.
  case alreadyCreated
  /// It was never created.
  case notCreated
  /// The total of an order must be positive.
  case totalNotPositive
  /// So many of an item cannot be ordered.
  case quantityNotPositive
}

/// An order: created once, with a positive total.
public struct Order: Decider, Codable, Equatable {
  /// Whose it is; nil before it is created.
  public private(set) var customer: String?
  /// What was ordered.
  public private(set) var items: [OrderItem] = []

  /// The order before it is created.
  public init() {}

  /// The price of everything.
  public var total: Money { items.reduce(.zero) { $0 + $1.total } }

  /// Takes in what happened.
  public mutating func apply(_ event: OrderEvent) {
    switch event {
    case .created(let customer, let items):
      self.customer = customer
      self.items = items
    case .itemAdded(let item): items.append(item)
    }
  }

  /// The rules of the shop.
  public func decide(_ command: OrderCommand) throws(OrderRefusal) -> [OrderEvent] {
    switch command {
    case .create(let customer, let items):
      guard self.customer == nil else { throw .alreadyCreated }
      guard items.allSatisfy({ $0.quantity > 0 }) else { throw .quantityNotPositive }
      guard items.reduce(.zero, { $0 + $1.total }) > 0 else { throw .totalNotPositive }
      return [.created(customer: customer, items: items)]
    case .add(let item):
      guard customer != nil else { throw .notCreated }
      guard item.quantity > 0 else { throw .quantityNotPositive }
      guard item.price >= 0 else { throw .totalNotPositive }
      return [.itemAdded(item)]
    }
  }
}
