public import Annals

/// What decides a loan application at the bank of the real events.
///
/// The log was written by other programs, so names and payloads are theirs.
public enum LoanEvent: Event {
  /// Somebody asked for an amount.
  case submitted(amount: String)
  /// The bank said yes.
  case approved
  /// The bank said no.
  case declined
  /// The customer went elsewhere.
  case cancelled

  private enum CodingKeys: String, CodingKey {
    case submitted, approved, declined, cancelled
  }

  private enum SubmittedCodingKeys: String, CodingKey {
    case amount = "amount_req"
  }

  /// The names in the log.
  public static let schema = EventSchema<LoanEvent>(cases: [
    "submitted": "A_SUBMITTED",
    "approved": "A_APPROVED",
    "declined": "A_DECLINED",
    "cancelled": "A_CANCELLED",
  ])
}
