import AnnalsLog
import AnnalsTesting

/// A part of a story that fails like the whole of it, and the state in which it does.
struct SmallestLife: CustomStringConvertible {
  let story: Story
  /// The steps of the story that are left.
  let kept: [Int]
  let failure: CrashFailure

  /// The replay as one writes it in a test, and the failure.
  var description: String {
    """
    \(story.name): \(kept.count) of \(story.steps.count) steps fail; to replay them alone:
    Story.named("\(story.name)").keeping(\(kept)).explorer(CrashOptions()).replay(
      \(failure.crashCase)
    )
    \(failure)
    """
  }
}

extension Story {
  /// The story of that name.
  static func named(_ name: String) -> Story {
    guard let story = all.first(where: { $0.name == name }) else { fatalError("no story \(name)") }
    return story
  }

  /// The story with no other than these of its steps.
  func keeping(_ indices: [Int]) -> Story {
    var story = self
    story.steps = indices.map { steps[$0] }
    return story
  }

  /// As few of the steps as were found that fail like `failure`, which the whole story does.
  ///
  /// Each life tried is explored anew, since it fails elsewhere than the whole one.
  func smallestLife(_ failure: CrashFailure, tryCountMax: Int = 60) -> SmallestLife {
    var options = CrashBudget.options(states: 600)
    options.shrinkCountMax = 0
    var tryCount = 0
    let kept = Array(steps.indices).reduced(tryCount: &tryCount, atMost: tryCountMax) {
      // A life that fails by itself, without a crash, fails otherwise.
      let found = try? keeping($0).explorer(options).explore().failure
      return found?.kind == failure.kind
    }
    let found = try? keeping(kept).explorer(CrashBudget.options(states: 600)).explore().failure
    guard let found, found.kind == failure.kind else {
      return SmallestLife(story: self, kept: Array(steps.indices), failure: failure)
    }
    return SmallestLife(story: self, kept: kept, failure: found)
  }
}
