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
  private var handlers: [ObjectIdentifier: @Sendable (any Sendable) async throws -> any Sendable] =
    [:]

  /// A bus without handlers.
  public init() {}

  /// The same bus with a handler for one type of command; the last one given counts.
  public func handling<Command: BusCommand>(
    _ type: Command.Type,
    _ handle: @escaping @Sendable (Command) async throws -> Command.Outcome
  ) -> CommandBus {
    var bus = self
    bus.handlers[ObjectIdentifier(type)] = { command in
      guard let command = command as? Command else {
        preconditionFailure("handlers are found by their command's type")
      }
      return try await handle(command)
    }
    return bus
  }

  /// Sends a command to its handler.
  ///
  /// - Throws: `UnhandledMessage`, or what the handler throws.
  public func send<Command: BusCommand>(_ command: Command) async throws -> Command.Outcome {
    guard let handle = handlers[ObjectIdentifier(Command.self)] else {
      throw UnhandledMessage(type: String(describing: Command.self))
    }
    guard let outcome = try await handle(command) as? Command.Outcome else {
      preconditionFailure("a handler gives its command's outcome")
    }
    return outcome
  }
}

/// A command or query that no handler was given for.
public struct UnhandledMessage: Error, Hashable, Sendable {
  /// The Swift type of the message.
  public let type: String
}
