public import Annals

/// What happens to a bank account.
public enum AccountEvent: Event, Equatable {
  /// Somebody opened it with a first amount.
  case opened(owner: String, balance: Money)
  /// Money came in.
  case deposited(amount: Money)
  /// Money went out.
  case withdrawn(amount: Money)

  /// The names in the log.
  public static let schema = EventSchema<AccountEvent>(cases: [
    "opened": "AccountOpened",
    "deposited": "MoneyDeposited",
    "withdrawn": "MoneyWithdrawn",
  ])
}

/// What a bank account may be asked.
public enum AccountCommand: Sendable {
  /// Open it.
  case open(owner: String, balance: Money)
  /// Put money in.
  case deposit(Money)
  /// Take money out.
  case withdraw(Money)
}

/// Why a bank account says no.
public enum AccountRefusal: Error, Equatable {
  /// It is there already.
  case alreadyOpen
  /// It was never opened.
  case notOpen
  /// Amounts must be positive.
  case amountNotPositive
  /// There is less than what was asked for.
  case insufficientFunds(balance: Money)
}

/// A bank account: opened once, never overdrawn.
public struct Account: Decider, Codable, Equatable {
  /// Whose it is; nil before it is opened.
  public private(set) var owner: String?
  /// What is in it.
  public private(set) var balance = Money.zero

  /// The account before it is opened.
  public init() {}

  /// A snapshot every hundred events.
  public static let snapshots: SnapshotPolicy<Account>? = .events(100)

  /// Takes in what happened.
  public mutating func apply(_ event: AccountEvent) {
    switch event {
    case .opened(let owner, let balance):
      self.owner = owner
      self.balance = balance
    case .deposited(let amount): balance += amount
    case .withdrawn(let amount): balance -= amount
    }
  }

  /// The rules of the bank.
  public func decide(_ command: AccountCommand) throws(AccountRefusal) -> [AccountEvent] {
    switch command {
    case .open(let owner, let balance):
      guard self.owner == nil else { throw .alreadyOpen }
      guard balance >= 0 else { throw .amountNotPositive }
      return [.opened(owner: owner, balance: balance)]
    case .deposit(let amount):
      guard owner != nil else { throw .notOpen }
      guard amount > 0 else { throw .amountNotPositive }
      return [.deposited(amount: amount)]
    case .withdraw(let amount):
      guard owner != nil else { throw .notOpen }
      guard amount > 0 else { throw .amountNotPositive }
      guard balance >= amount else { throw .insufficientFunds(balance: balance) }
      return [.withdrawn(amount: amount)]
    }
  }
}
