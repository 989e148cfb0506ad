/// Handlers by the type of message they take: what both buses are made of.
struct Handlers: Sendable {
  private var all: [ObjectIdentifier: @Sendable (any Sendable) async throws -> any Sendable] = [:]

  /// Adds a handler; the last one given for a type counts.
  mutating func add<Message: Sendable, Reply: Sendable>(
    _ handle: @escaping @Sendable (Message) async throws -> Reply
  ) {
    all[ObjectIdentifier(Message.self)] = { message in
      guard let message = message as? Message else {
        preconditionFailure("handlers are found by their message's type")
      }
      return try await handle(message)
    }
  }

  /// Hands a message to its handler.
  func reply<Message: Sendable, Reply: Sendable>(to message: Message) async throws -> Reply {
    guard let handle = all[ObjectIdentifier(Message.self)] else {
      throw UnhandledMessage(type: String(describing: Message.self))
    }
    guard let reply = try await handle(message) as? Reply else {
      preconditionFailure("a handler gives the reply of its message's type")
    }
    return reply
  }
}

/// A command or query that no handler was given for.
public struct UnhandledMessage: Error, Hashable, Sendable {
  /// The Swift type of the message.
  public let type: String
}
