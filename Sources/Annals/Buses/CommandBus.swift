/// A command that a bus carries to its handler.
public protocol BusCommand: Sendable {
  /// What executing it gives.
  associatedtype Outcome: Sendable
}

/// Carries commands to their handlers: the write side of CQRS, in a page.
///
/// ```swift
/// let commands = CommandBus()
///   .handling(CreateOrder.self) { try await createOrder($0, in: store) }
/// let receipt = try await commands.send(CreateOrder(…))
/// ```
public struct CommandBus: Sendable {
  private var handlers = Handlers()

  /// A bus without handlers.
  public init() {}

  /// The same bus with a handler for one type of command; the last one given counts.
  public func handling<Command: BusCommand>(
    _ type: Command.Type,
    _ handle: @escaping @Sendable (Command) async throws -> Command.Outcome
  ) -> CommandBus {
    var bus = self
    bus.handlers.add(handle)
    return bus
  }

  /// Sends a command to its handler.
  ///
  /// - Throws: `UnhandledMessage`, or what the handler throws.
  public func send<Command: BusCommand>(_ command: Command) async throws -> Command.Outcome {
    try await handlers.reply(to: command)
  }
}
