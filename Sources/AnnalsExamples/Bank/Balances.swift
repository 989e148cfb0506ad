public import Annals

/// What is in all accounts, by owner, and in all: the bank's read model.
public struct Balances: Projection, Equatable {
  /// The name it is kept under.
  public static let name = "balances"
  /// The owner of each account.
  public private(set) var owners: [String: String] = [:]
  /// What each owner has.
  public private(set) var totals: [String: Money] = [:]
  /// How many events it was made of.
  public private(set) var eventCount = 0

  /// The bank before its first account.
  public init() {}

  /// What is in all accounts together.
  public var total: Money { totals.values.reduce(.zero, +) }

  /// Takes in what happened to one account.
  public mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    eventCount += 1
    let account = record.aggregate.text
    switch event {
    case .opened(let owner, let balance):
      owners[account] = owner
      totals[owner, default: .zero] += balance
    case .deposited(let amount): totals[owners[account] ?? "?", default: .zero] += amount
    case .withdrawn(let amount): totals[owners[account] ?? "?", default: .zero] -= amount
    }
  }
}
