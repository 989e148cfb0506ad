/// A query that a bus carries to its handler.
public protocol BusQuery: Sendable {
  /// The answer.
  associatedtype Answer: Sendable
}

/// Carries queries to the read models that answer them: the read side of CQRS.
public struct QueryBus: Sendable {
  private var handlers: [ObjectIdentifier: @Sendable (any Sendable) async throws -> any Sendable] =
    [:]

  /// A bus without handlers.
  public init() {}

  /// The same bus with a handler for one type of query; the last one given counts.
  public func answering<Question: BusQuery>(
    _ type: Question.Type,
    _ answer: @escaping @Sendable (Question) async throws -> Question.Answer
  ) -> QueryBus {
    var bus = self
    bus.handlers[ObjectIdentifier(type)] = { question in
      guard let question = question as? Question else {
        preconditionFailure("handlers are found by their query's type")
      }
      return try await answer(question)
    }
    return bus
  }

  /// Asks a query of its handler.
  ///
  /// - Throws: `UnhandledMessage`, or what the handler throws.
  public func ask<Question: BusQuery>(_ question: Question) async throws -> Question.Answer {
    guard let answer = handlers[ObjectIdentifier(Question.self)] else {
      throw UnhandledMessage(type: String(describing: Question.self))
    }
    guard let answer = try await answer(question) as? Question.Answer else {
      preconditionFailure("a handler gives its query's answer")
    }
    return answer
  }
}
