import AnnalsLog
import AnnalsTesting
import Testing

/// Rules that are refused say why, in types and in words, and change nothing.
@Suite struct RuleRefusalTests {
  private let log: EventLog

  init() throws {
    var options = simulatedOptions(SimulatedFileSystem())
    options.clock = { 1_750_000_000_000_000 }
    log = try EventLog(at: "/store", options: options)
    for _ in 0..<3 {
      try log.append([NewEvent(type: "T", payload: [1])], to: "item-1")
      try log.append([NewEvent(type: "T", payload: [1])], to: "order-1")
    }
  }

  private func error(_ rule: RetentionRule, _ reason: String = "") -> LogError? {
    let count = log.ruleCount
    do throws(LogError) {
      _ = try log.checkRule(rule, reason: reason)
      Issue.record("\(rule) is not refused")
    } catch {}
    do throws(LogError) {
      try log.retain(rule, reason: reason)
      return nil
    } catch {
      #expect(log.ruleCount == count)
      return error
    }
  }

  private func refusal(_ rule: RetentionRule) -> String? {
    if case .refusedByRetention(let found)? = error(rule) { found.description } else { nil }
  }

  @Test func eachRefusalIsASentence() throws {
    #expect(refusal(.delete(.aggregate("item-9"))) == "item-9 never existed")
    #expect(refusal(.truncate("item-9", before: 1)) == "item-9 never existed")
    #expect(refusal(.reopen(.aggregate("item-1"))) == "item-1 is not deleted")
    #expect(refusal(.reopen(.category("item"))) == "the category item is not deleted")
    #expect(refusal(.truncate("item-1", before: 5)) == "item-1 has no version 5: its last is 3")
    #expect(refusal(.truncate("item-1", before: 0)) == "item-1 has no version 0: its last is 3")
    let few = "a number of events or an age to keep must be at least 1"
    #expect(refusal(.keepCount(.category("item"), 0)) == few)
    #expect(refusal(.keepAge(.aggregate("item-1"), microseconds: 0)) == few)
    #expect(refusal(.keepAge(.aggregate("item-1"), microseconds: -3)) == few)
    try log.retain(.skip(3))
    #expect(refusal(.skip(3)) == "the event at position 3 is hidden already")
    try log.retain(.delete(.aggregate("item-1")), reason: "asked for")
    let deleted = refusal(.delete(.aggregate("item-1")))
    #expect(deleted?.hasPrefix("item-1 was deleted at 2025-06-15T") == true)
    #expect(deleted?.hasSuffix(", because: asked for") == true)
    try log.retain(.tombstone(.category("order")))
    let ended = refusal(.delete(.category("order")))
    #expect(ended?.hasPrefix("the category order was ended for ever at ") == true)
    #expect(ended?.contains("because") == false)
    #expect(refusal(.reopen(.aggregate("order-1")))?.contains("ended for ever") == true)
  }

  @Test func namesAndReasonsHaveLimits() throws {
    func isInvalid(_ name: String, _ reason: InvalidName.Reason) -> Bool {
      if case .invalidName(InvalidName(.aggregate, reason))? = error(.delete(.category(name))) {
        true
      } else {
        false
      }
    }
    #expect(isInvalid("", .empty))
    #expect(isInvalid("a\0b", .containsNUL))
    let long = String(repeating: "x", count: Limits.aggregateIDBytesMax + 1)
    guard case .limitExceeded(let name)? = error(.keepCount(.category(long), 3)) else {
      Issue.record("a long name is taken")
      return
    }
    #expect(name == LimitExceeded(.aggregateIDBytes, value: 1025, maximum: 1024))
    guard case .limitExceeded(let reason)? = error(.delete(.category("item")), long) else {
      Issue.record("a long reason is taken")
      return
    }
    #expect(reason == LimitExceeded(.reasonBytes, value: 1025, maximum: Limits.reasonBytesMax))
    guard case .positionBeyondHead(7, 6)? = error(.redact(7)) else {
      Issue.record("what is not there is redacted")
      return
    }
  }

  @Test func allRulesAreToldAsTheyWereMade() throws {
    let rules: [RetentionRule] = [
      .keepCount(.aggregate("item-1"), 2), .keepCount(.aggregate("item-1"), nil),
      .keepAge(.category("order"), microseconds: 5),
      .keepAge(.category("order"), microseconds: nil),
      .truncate("item-1", before: 2), .redact(4), .skip(5), .delete(.category("item")),
      .reopen(.category("item")), .tombstone(.aggregate("order-1")),
    ]
    for (index, rule) in rules.enumerated() {
      let receipt = try log.retain(rule, reason: "number \(index)")
      #expect(receipt.record == UInt64(index + 1))
    }
    #expect(log.rules.map(\.rule) == rules)
    #expect(log.rules.map(\.record) == Array(1...UInt64(rules.count)))
    #expect(log.rules[3].reason == "number 3")
    #expect(log.rules[3].position == 6)
    #expect(log.rules[3].time == Timestamp(microseconds: 1_750_000_000_000_000))
  }
}
