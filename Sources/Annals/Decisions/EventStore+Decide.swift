/// Small folds, brought up to one position, and the condition under which a decision on them holds.
public struct DecisionModel<each Model: EventFold>: Sendable {
  /// The folds.
  public let models: (repeat each Model)
  /// Where the reading ended.
  public let position: Position
  /// No event that any of the folds would have seen may stand behind `position`.
  public let condition: AppendCondition

  /// Written out: the compiler's own initializer of a pack does not compile.
  init(position: Position, condition: AppendCondition, models: repeat each Model) {
    self.models = (repeat each models)
    self.position = position
    self.condition = condition
  }
}

extension EventStore {
  /// Folds several models up to the head and gives the append condition that follows from them: the
  /// dynamic consistency boundary.
  ///
  /// ```swift
  /// let seats = try store.decisionModel(SeatsTaken(course), CoursesOf(student))
  /// try store.append(changes, when: seats.condition)
  /// ```
  ///
  /// A fold that names tags and types costs what it finds; one without tags scans the log.
  public func decisionModel<each Model: EventFold>(
    _ model: repeat each Model
  ) throws(StoreError) -> DecisionModel<repeat each Model> {
    let head = log.head(.written)
    return DecisionModel(
      position: head,
      condition: AppendCondition(noEventMatching: Self.union(repeat each model), after: head),
      models: repeat try folded(each model, after: .start, until: head)
    )
  }

  /// Decides on what several models say and appends what happens, unless an event that bears on it
  /// came first; then only what is new is folded and it decides again.
  ///
  /// - Parameters:
  ///   - model: The folds, in their initial state.
  ///   - key: Makes it safe to repeat the same decision.
  ///   - durability: When to return.
  ///   - decide: From the models to what happens to which aggregates; pure, and perhaps called
  ///     several times.
  /// - Returns: The receipt; nil if nothing happens.
  @discardableResult
  public func decide<each Model: EventFold, Refusal: Error>(
    on model: repeat each Model,
    key: [UInt8]? = nil,
    durability: Durability = .durable,
    _ decide: (repeat each Model) throws(Refusal) -> [Change]
  ) async throws(ExecuteError<Refusal>) -> Receipt? {
    let query = Self.union(repeat each model)
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    var models = (repeat each model)
    var position = Position.start
    var retries = 0
    while true {
      let head = log.head(.written)
      models = try (repeat foldedLifting(each models, position, head, Refusal.self))
      position = head
      let condition = AppendCondition(noEventMatching: query, after: head)
      let changes = try Self.lift { () throws(Refusal) in try decide(repeat each models) }
      guard try prepare(batch, changes, condition, key, Refusal.self) else { return nil }
      do throws(LogError) {
        return try await log.append(batch, durability: durability)
      } catch {
        try retries.count(.log(error), upTo: options.retriesMax, Refusal.self)
        batch.removeAll()
      }
    }
  }

  /// Decides on what several models say, blocking the thread; see the `async` form.
  @discardableResult
  public func decide<each Model: EventFold, Refusal: Error>(
    on model: repeat each Model,
    key: [UInt8]? = nil,
    durability: Durability = .durable,
    _ decide: (repeat each Model) throws(Refusal) -> [Change]
  ) throws(ExecuteError<Refusal>) -> Receipt? {
    let query = Self.union(repeat each model)
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    var models = (repeat each model)
    var position = Position.start
    var retries = 0
    while true {
      let head = log.head(.written)
      models = try (repeat foldedLifting(each models, position, head, Refusal.self))
      position = head
      let condition = AppendCondition(noEventMatching: query, after: head)
      let changes = try Self.lift { () throws(Refusal) in try decide(repeat each models) }
      guard try prepare(batch, changes, condition, key, Refusal.self) else { return nil }
      do throws(LogError) {
        return try log.append(batch, durability: durability)
      } catch {
        try retries.count(.log(error), upTo: options.retriesMax, Refusal.self)
        batch.removeAll()
      }
    }
  }

  private func folded<Model: EventFold>(
    _ model: Model,
    after: Position,
    until: Position
  ) throws(StoreError) -> Model {
    var model = model
    try fold(into: &model, after: after, until: until, visibility: .written)
    return model
  }

  private func foldedLifting<Model: EventFold, Refusal: Error>(
    _ model: Model,
    _ after: Position,
    _ until: Position,
    _ refusal: Refusal.Type
  ) throws(ExecuteError<Refusal>) -> Model {
    do throws(StoreError) {
      return try folded(model, after: after, until: until)
    } catch {
      throw .store(error)
    }
  }

  private static func lift<Result, Refusal: Error>(
    _ body: () throws(Refusal) -> Result
  ) throws(ExecuteError<Refusal>) -> Result {
    do throws(Refusal) {
      return try body()
    } catch {
      throw .refused(error)
    }
  }

  private func prepare<Refusal: Error>(
    _ batch: EventBatch,
    _ changes: [Change],
    _ condition: AppendCondition,
    _ key: [UInt8]?,
    _ refusal: Refusal.Type
  ) throws(ExecuteError<Refusal>) -> Bool {
    if changes.isEmpty { return false }
    do throws(StoreError) {
      try fill(batch, changes, condition, key)
    } catch {
      throw .store(error)
    }
    return true
  }

  /// A query that finds what any of the models' queries finds.
  private static func union<each Model: EventFold>(_ model: repeat each Model) -> Query {
    var items: [Query.Item] = []
    for model in repeat each model {
      if model.query.items.isEmpty { return .all }
      items += model.query.items
    }
    return Query(items)
  }
}
