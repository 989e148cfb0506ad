/// A query that a bus carries to its handler.
public protocol BusQuery: Sendable {
  /// The answer.
  associatedtype Answer: Sendable
}

/// Carries queries to the read models that answer them: the read side of CQRS.
public struct QueryBus: Sendable {
  private var handlers = Handlers()

  /// A bus without handlers.
  public init() {}

  /// The same bus with a handler for one type of query; the last one given counts.
  public func answering<Question: BusQuery>(
    _ type: Question.Type,
    _ answer: @escaping @Sendable (Question) async throws -> Question.Answer
  ) -> QueryBus {
    var bus = self
    bus.handlers.add(answer)
    return bus
  }

  /// Asks a query of its handler.
  ///
  /// - Throws: `UnhandledMessage`, or what the handler throws.
  public func ask<Question: BusQuery>(_ question: Question) async throws -> Question.Answer {
    try await handlers.reply(to: question)
  }
}
