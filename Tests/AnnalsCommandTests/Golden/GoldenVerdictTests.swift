import Foundation
import Testing

/// Damaged stores and what `annals verify` says of each, word for word.
///
/// `ANNALS_GOLDEN=write` makes the stores anew, `ANNALS_GOLDEN=verdicts` only the verdicts, which
/// are then to be read before they are committed.
@Suite struct GoldenVerdictTests {
  private static let mode = ProcessInfo.processInfo.environment["ANNALS_GOLDEN"]
  private static let file = GoldenStores.folder.appending(path: "verdicts.txt")

  /// What is kept: for each store by its name, how the command ended and what it printed.
  private static func kept() throws -> [String: String] {
    let text = try String(contentsOf: file, encoding: .utf8)
    var verdicts: [String: String] = [:]
    for part in text.components(separatedBy: "\n# ").dropFirst() {
      let end = part.firstIndex(of: "\n") ?? part.endIndex
      verdicts[String(part[..<end])] = String(part[end...].dropFirst())
    }
    return verdicts
  }

  private static func verdict(_ damage: GoldenDamage, _ golden: GoldenStores) throws -> String {
    let workshop = try Workshop()
    let store = workshop.directory.appending(path: "store")
    try golden.put(damage.store, at: store)
    try damage.apply(DamagedStore(store, golden, damage.store))
    let run = try workshop.annals("verify", "store", "--json")
    return "exit \(run.code)\n\(run.output)\(run.error)"
  }

  @Test func everyDamageGetsItsVerdict() throws {
    if Self.mode == "write" { try GoldenStores.made(in: Workshop()).keep() }
    let golden = try GoldenStores.kept()
    let names = GoldenDamage.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.count >= 40)
    if Self.mode != nil {
      var text = "What `annals verify --json` says of each damaged store.\n"
      for damage in GoldenDamage.all {
        text += "\n# \(damage.name)\n\(try Self.verdict(damage, golden))"
      }
      try text.write(to: Self.file, atomically: true, encoding: .utf8)
    }
    let kept = try Self.kept()
    #expect(Set(kept.keys) == Set(names))
    var failures = 0
    for damage in GoldenDamage.all {
      let verdict = try Self.verdict(damage, golden)
      if verdict == kept[damage.name] { continue }
      failures += 1
      Issue.record("\(damage.name): \(verdict), not \(kept[damage.name] ?? "known")")
    }
    print("proof: golden-verdicts \(names.count) failures \(failures) seed 1")
  }
}

extension GoldenVerdictTests {
  /// Whatever is damaged: what can be read was written, and what was deleted or redacted stays so.
  @Test func noDamageForgesOrBringsBackAnEvent() throws {
    let golden = try GoldenStores.kept()
    let workshop = try Workshop()
    var wholes: [String: Set<Substring>] = [:]
    for name in golden.stores.keys {
      try golden.put(name, at: workshop.directory.appending(path: name))
      let run = try workshop.annals("export", name)
      #expect(run.code == 0)
      wholes[name] = Set(run.lines)
      #expect(run.lines.count >= 8)
    }
    for damage in GoldenDamage.all {
      let store = UUID().uuidString
      try golden.put(damage.store, at: workshop.directory.appending(path: store))
      let url = workshop.directory.appending(path: store)
      try damage.apply(DamagedStore(url, golden, damage.store))
      let run = try workshop.annals("export", store)
      let whole = try #require(wholes[damage.store])
      let forged = run.lines.filter { !whole.contains($0) }
      #expect(forged == [], "\(damage.name)")
      #expect(run.code != 0 || run.lines.count == whole.count, "\(damage.name)")
    }
  }
}

/// A store laid out to be damaged.
struct DamagedStore {
  private let directory: URL
  private let golden: GoldenStores
  private let name: String

  init(_ directory: URL, _ golden: GoldenStores, _ name: String) {
    self.directory = directory
    self.golden = golden
    self.name = name
  }

  private func url(_ path: String) -> URL { directory.appending(path: path) }

  private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }

  private func put(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: url(path))
  }

  /// Changes the bits of `mask` of one byte.
  func flip(_ path: String, _ offset: Int, _ mask: UInt8 = 1) throws {
    var bytes = try bytes(path)
    bytes[offset] ^= mask
    try put(bytes, path)
  }

  /// Puts zeros over a part of a file.
  func erase(_ path: String, _ range: Range<Int>) throws {
    var bytes = try bytes(path)
    for index in range.clamped(to: bytes.indices) { bytes[index] = 0 }
    try put(bytes, path)
  }

  /// Cuts a file to `count` bytes, or lengthens it with zeros.
  func cut(_ path: String, to count: Int) throws {
    let bytes = try bytes(path)
    let more = [UInt8](repeating: 0, count: max(0, count - bytes.count))
    try put(Array(bytes.prefix(count)) + more, path)
  }

  /// Adds bytes behind the end of a file.
  func append(_ path: String, _ more: [UInt8]) throws { try put(bytes(path) + more, path) }

  /// Writes bytes into a file.
  func write(_ path: String, _ offset: Int, _ new: [UInt8]) throws {
    var bytes = try bytes(path)
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    try put(bytes, path)
  }

  /// Makes a file.
  func make(_ path: String, _ bytes: [UInt8]) throws { try put(bytes, path) }

  /// Removes a file or directory.
  func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }

  /// Lets two files have each other's content.
  func swap(_ first: String, _ second: String) throws {
    let (left, right) = try (bytes(first), bytes(second))
    try put(left, second)
    try put(right, first)
  }

  /// Puts one file's content in the place of another's, which may be a new one.
  func copy(_ source: String, over target: String) throws { try put(bytes(source), target) }

  /// Puts the file of another of the kept stores in the place of this one's.
  func take(_ path: String, from store: String, as name: String? = nil) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try golden.put(store, at: folder)
    try put([UInt8](try Data(contentsOf: folder.appending(path: path))), name ?? path)
  }

  /// The file of one of the two slots of the only consumer; its name holds the store's identity.
  func slot(_ number: Int) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: url("consumers").path)
    return "consumers/" + (names.first { $0.hasSuffix(".\(number)") } ?? "")
  }

  /// Where the last byte of a file stands that is not zero.
  func last(_ path: String) throws -> Int { try bytes(path).lastIndex { $0 != 0 } ?? 0 }
}
