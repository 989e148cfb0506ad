/// One way in which a store is damaged.
struct GoldenDamage: Sendable {
  let name: String
  /// Which of the kept stores it happens to.
  let store: String
  let apply: @Sendable (DamagedStore) throws -> Void

  init(
    _ name: String,
    to store: String = "shop",
    apply: @escaping @Sendable (DamagedStore) throws -> Void
  ) {
    self.name = name
    self.store = store
    self.apply = apply
  }

  static let all = whole + segments + layout + derived + beside

  private static let sealed = "log/00000004.segment"
  private static let tail = "log/00000010.segment"
  private static let rewritten = "log/00000012.segment"
  private static let footer = "log/00000004.footer"
  private static let checkpoint = "index-000000000001"
  private static let list = "segments-000000000014"
  private static let rules = "retention-000000000002"
  private static let snapshots = "snapshots/00000001.snapshots"
  /// Where the first frame of a segment stands.
  private static let first = 4096

  // MARK: - Stores without damage

  private static let whole = [
    GoldenDamage("a whole store") { _ in },
    GoldenDamage("a whole backup", to: "copy") { _ in },
    GoldenDamage("a store whose writer was killed", to: "killed") { _ in },
    GoldenDamage("a lock that is gone") { try $0.remove("LOCK") },
    GoldenDamage("a control page that is gone") { try $0.remove("control") },
    GoldenDamage("a control page of noise") {
      try $0.make("control", (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) })
    },
  ]

  // MARK: - Segments

  private static let segments = [
    GoldenDamage("a flipped bit in the checksum of a sealed frame") { try $0.flip(sealed, first) },
    GoldenDamage("a flipped bit in the length of a sealed frame") {
      try $0.flip(sealed, first + 4)
    },
    GoldenDamage("a flipped bit in the kind of a sealed frame") {
      try $0.flip(sealed, first + 7, 0x80)
    },
    GoldenDamage("a flipped bit in a sealed frame") { try $0.flip(sealed, first + 40) },
    GoldenDamage("a flipped bit in the last sealed frame") { try $0.flip(sealed, first + 200) },
    GoldenDamage("a flipped bit in what held the place behind a sealed segment") {
      try $0.flip(sealed, $0.last(sealed))
    },
    GoldenDamage("a sealed frame of zeros") { try $0.erase(sealed, first..<first + 64) },
    GoldenDamage("all frames of a sealed segment zeros") {
      try $0.erase(sealed, first..<first + 4096)
    },
    GoldenDamage("a flipped bit in the frame of a rule") { try $0.flip(tail, first + 360) },
    GoldenDamage("a flipped bit in what holds the place behind the log") {
      try $0.flip(tail, $0.last(tail))
    },
    GoldenDamage("a flipped bit in the last segment") { try $0.flip(tail, first + 20) },
    GoldenDamage("a flipped bit in a rewritten segment") { try $0.flip(rewritten, first + 20) },
    GoldenDamage("a flipped bit in the end of a rewritten segment") {
      try $0.flip(rewritten, $0.last(rewritten))
    },
    GoldenDamage("a flipped bit in the last frame of a killed writer", to: "killed") {
      try $0.flip("log/00000002.segment", first + 240)
    },
    GoldenDamage("a flipped bit behind the log of a killed writer", to: "killed") {
      try $0.flip("log/00000002.segment", $0.last("log/00000002.segment"))
    },
    GoldenDamage("a torn tail of a killed writer", to: "killed") {
      let end = try $0.last("log/00000002.segment") / 8 * 8 + 8
      try $0.write("log/00000002.segment", end, [1, 2, 3, 4, 40, 0, 0, 16, 9, 9])
    },
    GoldenDamage("a frame behind the close") {
      let end = try $0.last(tail) / 8 * 8 + 8
      try $0.write(tail, end, [1, 2, 3, 4, 40, 0, 0, 16, 9, 9])
    },
    GoldenDamage("a flipped bit in the header of a sealed segment") { try $0.flip(sealed, 20) },
    GoldenDamage("a segment's magic overwritten") { try $0.write(sealed, 0, [0, 0, 0, 0]) },
    GoldenDamage("a segment of a newer version") { try $0.flip(sealed, 8, 0x40) },
    GoldenDamage("a sealed segment cut inside a frame") { try $0.cut(sealed, to: first + 100) },
    GoldenDamage("a sealed segment cut inside its header") { try $0.cut(sealed, to: 100) },
    GoldenDamage("an empty sealed segment") { try $0.cut(sealed, to: 0) },
    GoldenDamage("the last segment cut inside a frame") { try $0.cut(tail, to: first + 100) },
    GoldenDamage("a rewritten segment cut by a byte") {
      try $0.cut(rewritten, to: $0.last(rewritten))
    },
    GoldenDamage("a missing sealed segment") { try $0.remove(sealed) },
    GoldenDamage("a missing last segment") { try $0.remove(tail) },
    GoldenDamage("a missing rewritten segment") { try $0.remove(rewritten) },
    GoldenDamage("a missing spare segment") { try $0.remove("log/00000011.segment") },
    GoldenDamage("a segment doubled under a new name") {
      try $0.copy(sealed, over: "log/00000099.segment")
    },
    GoldenDamage("a segment in the place of another") {
      try $0.copy(sealed, over: "log/00000005.segment")
    },
    GoldenDamage("two segments swapped") { try $0.swap(sealed, "log/00000005.segment") },
    GoldenDamage("a segment of another store") {
      try $0.take("log/00000002.segment", from: "other", as: sealed)
    },
    GoldenDamage("no log at all") { try $0.remove("log") },
  ]

  // MARK: - Manifest, lists, rules

  private static let layout = [
    GoldenDamage("one damaged slot of the manifest") { try $0.flip("MANIFEST", 20) },
    GoldenDamage("the other slot of the manifest damaged") { try $0.flip("MANIFEST", 4096 + 20) },
    GoldenDamage("both slots of the manifest damaged") {
      try $0.flip("MANIFEST", 20)
      try $0.flip("MANIFEST", 4096 + 20)
    },
    GoldenDamage("a manifest cut to one slot") { try $0.cut("MANIFEST", to: 4096) },
    GoldenDamage("an empty manifest") { try $0.cut("MANIFEST", to: 0) },
    GoldenDamage("a missing manifest") { try $0.remove("MANIFEST") },
    GoldenDamage("a manifest of another store") { try $0.take("MANIFEST", from: "other") },
    GoldenDamage("a manifest of the backup") { try $0.take("MANIFEST", from: "copy") },
    GoldenDamage("a damaged segment list") { try $0.flip(list, 80) },
    GoldenDamage("a segment list cut short") { try $0.cut(list, to: 300) },
    GoldenDamage("a missing segment list") { try $0.remove(list) },
    GoldenDamage("both segment lists missing") {
      try $0.remove(list)
      try $0.remove("segments-000000000013")
    },
    GoldenDamage("an older segment list in the place of the newest") {
      try $0.copy("segments-000000000013", over: list)
    },
    GoldenDamage("a segment list of another store") {
      try $0.take("segments-000000000003", from: "other", as: list)
    },
    GoldenDamage("damaged rules of retention") { try $0.flip(rules, 4100) },
    GoldenDamage("missing rules of retention") { try $0.remove(rules) },
    GoldenDamage("a damaged type name") { try $0.flip("types", 4110) },
    GoldenDamage("types cut short") { try $0.cut("types", to: 4120) },
    GoldenDamage("missing types") { try $0.remove("types") },
    GoldenDamage("types of another store") { try $0.take("types", from: "other") },
    GoldenDamage("a damaged catalog of a backup", to: "copy") {
      try $0.flip("backup-000000000001", 100)
    },
    GoldenDamage("a missing catalog of a backup", to: "copy") {
      try $0.remove("backup-000000000001")
    },
    GoldenDamage("a backup with a flipped bit", to: "copy") { try $0.flip(sealed, first + 40) },
    GoldenDamage("a backup with the longer file of a segment of its store", to: "copy") {
      try $0.take(sealed, from: "shop")
    },
  ]

  // MARK: - What is made anew from the log

  private static let derived = [
    GoldenDamage("a damaged header of a footer") { try $0.flip(footer, 20) },
    GoldenDamage("a damaged page of a footer") { try $0.flip(footer, 4096 + 10) },
    GoldenDamage("a damaged checksum table of a footer") { try $0.flip(footer, $0.last(footer)) },
    GoldenDamage("a footer cut short") { try $0.cut(footer, to: 4096) },
    GoldenDamage("a missing footer") { try $0.remove(footer) },
    GoldenDamage("two footers swapped") { try $0.swap(footer, "log/00000005.footer") },
    GoldenDamage("a footer of another store") {
      try $0.take("log/00000002.footer", from: "other", as: footer)
    },
    GoldenDamage("a damaged index checkpoint") { try $0.flip(checkpoint, 4096 + 33) },
    GoldenDamage("an index checkpoint cut short") { try $0.cut(checkpoint, to: 5000) },
    GoldenDamage("a missing index checkpoint") { try $0.remove(checkpoint) },
    GoldenDamage("a damaged snapshot") { try $0.flip(snapshots, first + 80) },
    GoldenDamage("a damaged header of the snapshots") { try $0.flip(snapshots, 20) },
    GoldenDamage("a damaged index of snapshots") { try $0.flip("snapshots/00000001.index", 4100) },
    GoldenDamage("snapshots cut short") { try $0.cut(snapshots, to: 4300) },
    GoldenDamage("missing snapshots") { try $0.remove(snapshots) },
    GoldenDamage("snapshots of another store") { try $0.take(snapshots, from: "other") },
  ]

  // MARK: - Consumers, and files that are none of the store's

  private static let beside = [
    GoldenDamage("one damaged slot of a consumer") { try $0.flip($0.slot(0), 30) },
    GoldenDamage("both slots of a consumer damaged") {
      try $0.flip($0.slot(0), 30)
      try $0.flip($0.slot(1), 30)
    },
    GoldenDamage("one missing slot of a consumer") { try $0.remove($0.slot(1)) },
    GoldenDamage("a consumer under another's name") {
      let other = "consumers/other.00000000000000000000000000000000.0"
      try $0.copy($0.slot(0), over: other)
    },
    GoldenDamage("a stray file") { try $0.make("notes.txt", [65]) },
    GoldenDamage("a half-written list") { try $0.make("segments-000000000015.tmp", [1, 2, 3]) },
    GoldenDamage("a half-written footer") { try $0.make("log/00000010.footer.tmp", [1, 2, 3]) },
    GoldenDamage("bytes behind a list") { try $0.append(list, [1, 2, 3, 4]) },
    GoldenDamage("three damages at once") {
      try $0.flip(sealed, first + 40)
      try $0.flip(footer, 4096 + 10)
      try $0.remove("types")
    },
  ]
}
