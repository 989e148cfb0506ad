/// When an append returns.
public enum Durability: UInt8, Hashable, Sendable, Comparable {
  /// The events are with the kernel: they survive a crash of the process, not of the machine, until
  /// the next sync makes them durable.
  case written
  /// The events survive power loss. The default.
  case durable

  /// Orders by strength.
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What an append returns.
public struct Receipt: Hashable, Sendable {
  /// The position of the first event; with no events the head.
  public let firstPosition: Position
  /// The position of the last event.
  public let lastPosition: Position
  /// The version the (first) aggregate of the append has now.
  public let version: Version
  /// The versions all aggregates of the append have now, in the order they were named; empty if it
  /// named only one.
  public let versions: [Version]
  /// The durability the events have reached.
  public let durability: Durability
  /// Whether an earlier append with the same key did this already, and nothing was added now.
  public let isRepeated: Bool

  /// Creates a receipt from its facts.
  package init(
    firstPosition: Position,
    lastPosition: Position,
    version: Version,
    versions: [Version] = [],
    durability: Durability,
    isRepeated: Bool
  ) {
    self.firstPosition = firstPosition
    self.lastPosition = lastPosition
    self.version = version
    self.versions = versions
    self.durability = durability
    self.isRepeated = isRepeated
  }
}
