/// What a subscription follows.
public struct SubscriptionRequest: Sendable {
  /// Begins behind this position.
  public var after = Position.start
  /// Only events that the query finds.
  public var query = Query.all
  /// Only events of aggregates of this category.
  public var category: String?
  /// Only events of this aggregate.
  public var aggregate: AggregateID?
  /// Which events are seen; nil takes the store's.
  public var visibility: Durability?
  /// What happens at damaged events.
  public var damage = DamagePolicy.fail
  /// Whether the subscription goes on with what is appended later, or ends when it has caught up.
  public var isLive = true

  /// Whether a nudge of the watcher gives an empty batch, for readers that have other things to do.
  package var returnsWhenNudged = false

  /// Whether events whose payload a rule of retention took away are passed over; else they are
  /// given without.
  public var hidesRedacted = false

  /// Everything, from the start.
  public init() {}

  /// What a subscription does when it comes upon events that are damaged.
  public enum DamagePolicy: Sendable {
    /// Throws the typed error, at each attempt.
    case fail
    /// Gives a `.gap` in their place and goes on behind them.
    case reportGaps
  }
}
