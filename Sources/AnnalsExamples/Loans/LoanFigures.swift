public import Annals

/// What became of the loan applications, and how long it took.
public struct LoanFigures: Projection, Equatable {
  /// The name it is kept under.
  public static let name = "loan-figures"
  /// When each application was submitted that is not decided yet, in microseconds since 1970.
  public private(set) var open: [String: Int64] = [:]
  /// The applications submitted.
  public private(set) var submitted = 0
  /// Those approved.
  public private(set) var approved = Outcome()
  /// Those declined.
  public private(set) var declined = Outcome()
  /// Those cancelled.
  public private(set) var cancelled = Outcome()
  /// The sum of the amounts asked for.
  public private(set) var requested = Money.zero

  /// Applications that ended in one way.
  public struct Outcome: Codable, Hashable, Sendable {
    /// How many.
    public var count = 0
    /// The time from submission to decision, of all together, in microseconds.
    public var microseconds: Int64 = 0

    /// The mean time from submission to decision, in days.
    public var meanDays: Double {
      count == 0 ? 0 : Double(microseconds) / Double(count) / 86_400_000_000
    }
  }

  /// The bank before its first application.
  public init() {}

  /// Takes in what happened to one application.
  public mutating func apply(_ event: LoanEvent, _ record: borrowing EventView) {
    switch event {
    case .submitted(let amount):
      submitted += 1
      open[record.aggregate.text] = record.time.microseconds
      requested += Money(cents: (Int(amount) ?? 0) * 100)
    case .approved: Self.close(&open, record, &approved)
    case .declined: Self.close(&open, record, &declined)
    case .cancelled: Self.close(&open, record, &cancelled)
    }
  }

  private static func close(
    _ open: inout [String: Int64],
    _ record: borrowing EventView,
    _ outcome: inout Outcome
  ) {
    outcome.count += 1
    if let start = open.removeValue(forKey: record.aggregate.text) {
      outcome.microseconds += record.time.microseconds - start
    }
  }
}
