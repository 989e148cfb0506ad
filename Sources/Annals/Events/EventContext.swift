/// What accompanies all events appended within a task: who, because of what, as part of what.
///
/// ```swift
/// try await EventContext.with(correlation: request.id, actor: user.name) {
///   try await store.execute(.deposit(amount: 5), on: "account-1", as: Account.self)
/// }
/// ```
///
/// It stands in the events' metadata; what an event's own metadata says goes before it.
public struct EventContext: Sendable {
  /// The conversation all of it belongs to; `annals trace` follows it.
  public var correlation: String?
  /// What caused it: the position of an event, or the name of a command.
  public var causation: String?
  /// Who asked for it.
  public var actor: String?
  /// Free pairs.
  public var pairs: [Metadata.Pair]

  /// The context of the current task.
  @TaskLocal public static var current: EventContext?

  /// Creates a context.
  public init(
    correlation: String? = nil,
    causation: String? = nil,
    actor: String? = nil,
    pairs: [Metadata.Pair] = []
  ) {
    self.correlation = correlation
    self.causation = causation
    self.actor = actor
    self.pairs = pairs
  }

  /// Runs `body` with a context that adds to the current one.
  @discardableResult
  public static func with<Result, Failure: Error>(
    correlation: String? = nil,
    causation: String? = nil,
    actor: String? = nil,
    pairs: [Metadata.Pair] = [],
    _ body: () async throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    let context = adding(correlation, causation, actor, pairs)
    // The task-local's own call rethrows untyped.
    var result: Swift.Result<Result, Failure>?
    await $current.withValue(context) {
      do throws(Failure) {
        result = .success(try await body())
      } catch {
        result = .failure(error)
      }
    }
    guard let result else { preconditionFailure("the body ran") }
    return try result.get()
  }

  /// Runs `body` with a context that adds to the current one.
  @discardableResult
  public static func with<Result, Failure: Error>(
    correlation: String? = nil,
    causation: String? = nil,
    actor: String? = nil,
    pairs: [Metadata.Pair] = [],
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let context = adding(correlation, causation, actor, pairs)
    var result: Swift.Result<Result, Failure>?
    $current.withValue(context) {
      do throws(Failure) {
        result = .success(try body())
      } catch {
        result = .failure(error)
      }
    }
    guard let result else { preconditionFailure("the body ran") }
    return try result.get()
  }

  private static func adding(
    _ correlation: String?,
    _ causation: String?,
    _ actor: String?,
    _ pairs: [Metadata.Pair]
  ) -> EventContext {
    var context = current ?? EventContext()
    if let correlation { context.correlation = correlation }
    if let causation { context.causation = causation }
    if let actor { context.actor = actor }
    context.pairs += pairs
    return context
  }

  /// The pairs that are not named in `metadata` already, behind those that are.
  package func completing(_ metadata: Metadata) -> Metadata {
    var completed = metadata
    func add(_ name: String, _ value: String?) {
      guard let value, metadata[name] == nil else { return }
      completed.pairs.append(Metadata.Pair(name: name, value: value))
    }
    add(Metadata.correlation, correlation)
    add(Metadata.causation, causation)
    add(Metadata.actor, actor)
    for pair in pairs { add(pair.name, pair.value) }
    return completed
  }
}

extension Metadata {
  /// The name of the pair that tells the conversation an event belongs to.
  public static let correlation = "correlation"
  /// The name of the pair that tells what caused an event: a position, or a command's name.
  public static let causation = "causation"
  /// The name of the pair that tells who asked for it.
  public static let actor = "actor"
}
