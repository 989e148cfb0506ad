/// What a salvage saved, and what it could not.
public struct SalvageReport: Equatable, Sendable {
  /// The events that were saved.
  public var events: UInt64 = 0
  /// The bytes of the segments in the new store.
  public var bytes = 0
  /// The last position of the new store; behind it positions go on.
  public var lastPosition: Position = .start
  /// The segments in the new store.
  public var segments = 0
  /// What is lost, in the order of the log; empty if all events were saved.
  public var lost: [Loss] = []

  /// The number of rules of retention that are lost.
  ///
  /// What they alone hid is seen again in the new store, and what they ended takes events again:
  /// they must be made anew.
  public var rulesLost: UInt64 = 0

  /// The events that are lost, as far as they can be counted.
  public var eventsLost: UInt64 {
    lost.reduce(0) { sum, loss in
      sum + (loss.positions.map { $0.last.rawValue - $0.first.rawValue + 1 } ?? 0)
    }
  }

  /// An empty report.
  public init() {}

  /// One place that could not be saved.
  public struct Loss: Equatable, Sendable {
    /// The positions that are lost; nil if none are, or if nothing tells how many there were.
    public var positions: PositionRange?
    /// The damaged file, relative to the store.
    public var file: String
    /// Where in it.
    public var offset: UInt64?
    /// How many bytes.
    public var byteCount: UInt64?
    /// What is wrong there.
    public var cause: LogError?
    /// The aggregates whose events are lost, by name, where the segment's footer tells.
    public var aggregates: [Aggregate] = []
    /// Lost events of aggregates that are not named: no other event of them is left, or there was
    /// no footer.
    public var unnamedEvents: UInt64 = 0
  }

  /// An aggregate of which events are lost.
  public struct Aggregate: Equatable, Sendable {
    /// The aggregate.
    public var id: AggregateID
    /// How many of its events are lost there.
    public var events: Int
  }
}
