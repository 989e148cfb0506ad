import Foundation
import Testing

/// Whatever is wrong: one line that says it, the code the contract names, and nothing lost.
@Suite struct BadInputTests {
  private let shop: Workshop

  init() throws { shop = try Workshop() }

  @Test(
    arguments: [
      (#"{"aggregate":"a","type":"T","data":1"#, "ends too early"),
      (#"{"aggregate":"a","type":"T","data":01}"#, "unexpected '1'"),
      (#"{"aggregate":"a","type":"T"}"#, "data"),
      (#"{"aggregate":"a","data":1}"#, "type"),
      (#"{"type":"T","data":1}"#, "aggregate"),
      (#"{"aggregate":1,"type":"T","data":1}"#, "string"),
      (#"{"aggregate":"a","type":"T","data":1,"tags":"x"}"#, "array"),
      (#"{"aggregate":"a","type":"T","data":1,"more":2}"#, "more"),
      (#"{"aggregate":"a","type":"T","data":1,"time":"yesterday"}"#, "time"),
      (#"{"aggregate":"a\u0000b","type":"T","data":1}"#, "NUL"),
      (#"{"aggregate":"","type":"T","data":1}"#, "empty"),
      (
        #"{"aggregate":"\#(String(repeating: "x", count: 2_048))","type":"T","data":1}"#,
        "2,048 is more than 1,024"
      ),
      (
        #"{"aggregate":"a","type":"\#(String(repeating: "x", count: 300))","data":1}"#,
        "300 is more than 256"
      ),
      ("[]", "array"), ("not json", "JSON"), ("", "ends too early"), ("   ", "ends too early"),
    ] as [(String, String)]
  )
  func aBadLineStopsTheImportAndItsBatchLeavesNothing(bad: String, words: String) throws {
    let input = lines(1...5) + bad + "\n" + line(7)
    let run = try shop.annals("import", "s", "--batch", "2", "--json", input: input)
    run.expectFailure(65, saying: "standard input, line 6: ")
    #expect(run.error.contains(words), "\(run.error)")
    #expect(run.error.contains("the 4 events of earlier batches stay"))
    #expect(run.output == "")
    #expect(try shop.annals("export", "s").lines.count == 4)
    // And the import goes on where it stopped.
    #expect(try shop.annals("import", "s", input: lines(5...7)).code == 0)
    #expect(try shop.annals("export", "s").lines.count == 7)
  }

  @Test func aBadLineOfTheOnlyBatchLeavesNothing() throws {
    let run = try shop.annals("import", "s", "--batch", "0", input: lines(1...5) + "{}\n")
    run.expectFailure(65, saying: "line 6: ")
    #expect(run.error.contains("nothing was added"))
    #expect(try shop.annals("export", "s").output == "")
  }

  /// A path that leads nowhere is no store, however it leads there.
  @Test(arguments: ["", "loop", "missing", String(repeating: "x", count: 300)])
  func aPathThatLeadsNowhereIsNoStore(name: String) throws {
    let path = name.isEmpty ? "" : shop.path(name)
    try FileManager.default.createSymbolicLink(
      atPath: shop.path("loop"),
      withDestinationPath: "loop"
    )
    for verb in ["events", "verify", "compact"] {
      try shop.annals(verb, path).expectFailure(66, saying: "annals")
    }
    for verb in ["backup", "restore", "fork", "salvage"] {
      try shop.annals(verb, path, "copy").expectFailure(66, saying: "annals")
    }
    if name == "missing" { return }
    try shop.annals("import", path, input: line(1)).expectFailure(73, saying: "annals")
  }

  @Test func anEmptyLastLineIsNone() throws {
    #expect(try shop.annals("import", "s", input: line(1) + "\n").code == 0)
    #expect(try shop.annals("export", "s").lines.count == 1)
  }

  @Test func aPayloadOverTheLimitIsRefused() throws {
    let text = String(repeating: "x", count: 17 << 20)
    let bad = #"{"aggregate":"a","type":"T","data":"\#(text)"}"#
    let run = try shop.annals("import", "s", input: line(1) + bad + "\n")
    run.expectFailure(65, saying: "line 2: bytes of an event's data")
  }

  @Test func aLargeBatchNeedsNoRaisedLimit() throws {
    // Seven events of 10 MiB: more than an append may have by default.
    let text = String(repeating: "x", count: 10 << 20)
    let large = #"{"aggregate":"a","type":"T","data":"\#(text)"}"# + "\n"
    try shop.write(String(repeating: large, count: 7), to: "large.jsonl")
    let run = try shop.annals("import", "s", "large.jsonl", "--batch", "0")
    #expect(run.code == 0, "\(run.error)")
    #expect(try shop.shell("$ANNALS export s | wc -l").output == "7\n")
  }

  @Test func aFileThatCannotBeReadMakesNoStore() throws {
    try shop.annals("import", "s", "nothing").expectFailure(66, saying: "nothing: No such file")
    try shop.makeDirectory("d")
    try shop.annals("import", "s", "d").expectFailure(66, saying: "Is a directory")
    #expect(!FileManager.default.fileExists(atPath: shop.path("s")))
  }

  @Test func whatIsNoStoreIsNotRead() throws {
    try shop.write("x", to: "file")
    try shop.makeDirectory("empty")
    try shop.makeDirectory("foreign")
    try shop.write("x", to: "foreign/file")
    for verb in ["export", "events", "aggregates", "inspect", "verify"] {
      for path in ["nowhere", "file", "empty", "foreign", "file/s"] {
        try shop.annals(verb, path).expectFailure(66, saying: "no store at \(path)")
      }
    }
    try shop.annals("import", "file").expectFailure(73, saying: "file")
    try shop.annals("import", "foreign").expectFailure(73, saying: "foreign")
    try shop.annals("import", "no/such/place").expectFailure(73, saying: "No such file")
    #expect(try shop.bytes("file") == Data("x".utf8))
    #expect(try shop.bytes("foreign/file") == Data("x".utf8))
  }

  @Test(
    arguments: [
      ["import"], ["import", "s", "--batch", "-1"], ["import", "s", "--batch", "x"],
      ["import", "s", "--durability", "some"], ["export"], ["export", "s", "--limit", "-1"],
      ["events", "s", "--since", "noon"], ["events", "s", "--follow", "--reverse"],
      ["events", "s", "--after", "-3"], ["aggregates", "s", "--sort", "size"], ["demo", "x"],
    ]
  )
  func aCommandLineWithoutSenseIsUsage(arguments: [String]) throws {
    let run = try shop.shell("$ANNALS " + arguments.joined(separator: " "))
    #expect(run.code == 64)
    #expect(run.output == "")
    #expect(!run.error.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: shop.path("s")))
  }

  /// CRC-32C, bit by bit.
  private func checksum(_ bytes: Data) -> UInt32 {
    var state = UInt32.max
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0x82f6_3b78 : 0) }
    }
    return ~state
  }

  @Test func aNewerVersionsStoreIsLeftAlone() throws {
    #expect(try shop.annals("import", "s", input: line(1)).code == 0)
    var manifest = try shop.bytes("s/MANIFEST")
    // The major version stands behind the magic, in both slots, and the checksum at their ends.
    for slot in [0, 4_096] where manifest[slot..<slot + 8].contains(where: { $0 != 0 }) {
      manifest[slot + 8] = 9
      let sum = checksum(manifest[slot..<slot + 4_092])
      for index in 0..<4 {
        manifest[slot + 4_092 + index] = UInt8(truncatingIfNeeded: sum >> (8 * index))
      }
    }
    try manifest.write(to: URL(filePath: shop.path("s/MANIFEST")))
    for verb in ["import", "export", "events", "aggregates", "inspect", "verify"] {
      try shop.annals(verb, "s").expectFailure(65, saying: "newer version")
    }
    #expect(try shop.bytes("s/MANIFEST") == manifest)
  }

  @Test func whatStandsBeforeDamageIsExported() throws {
    let run = try shop.annals("import", "s", "--batch", "10", input: lines(1...100))
    #expect(run.code == 0)
    let whole = try shop.annals("export", "s").output
    var segment = try shop.bytes("s/log/00000001.segment")
    let place = try #require(segment.firstRange(of: Data("51525354".utf8)))
    segment[place.lowerBound] ^= 1
    try segment.write(to: URL(filePath: shop.path("s/log/00000001.segment")))
    let damaged = try shop.annals("export", "s")
    damaged.expectFailure(1, saying: "corruption in log/00000001.segment")
    #expect(damaged.error.contains("positions 51 to 60 cannot be read"), "\(damaged.error)")
    #expect(damaged.lines.count == 50)
    #expect(whole.hasPrefix(damaged.output))
    // Every other event stays readable.
    #expect(try shop.annals("events", "s", "--after", "60").lines.count == 40)
  }

  @Test(.enabled(if: getuid() == 0))
  func withoutTheRightNothingHappens() throws {
    #expect(try shop.annals("import", "s", input: line(1)).code == 0)
    try shop.write(line(2), to: "secret.jsonl")
    // Whoever has no rights can write no profile of coverage either.
    let user = "LLVM_PROFILE_FILE=/dev/null setpriv --reuid 65534 --clear-groups "
    let prepare = "chmod 711 . && chmod 700 s && chmod 600 secret.jsonl && chmod 711 $(pwd)"
    #expect(try shop.shell(prepare).code == 0)
    // A copy: the checkout itself may be closed to others.
    let copy = "cp $ANNALS ./annals && chmod 755 annals && "
    try shop.shell(copy + user + "./annals export s").expectFailure(77, saying: "Permission denied")
    try shop.shell(user + "./annals import s < /dev/null")
      .expectFailure(77, saying: "Permission denied")
    try shop.shell(user + "./annals import new < /dev/null")
      .expectFailure(77, saying: "Permission denied")
    try shop.shell(user + "./annals import new secret.jsonl")
      .expectFailure(77, saying: "Permission denied")
  }

  @Test(.enabled(if: getuid() == 0))
  func aFullDiskLosesNothing() throws {
    let mount = "mkdir full && mount -t tmpfs -o size=4m tmpfs full"
    guard try shop.shell(mount).code == 0 else { return }
    defer { _ = try? shop.shell("umount full") }
    let text = String(repeating: "x", count: 100_000)
    let input = (1...100).map { #"{"aggregate":"a","type":"T","data":"\#($0)\#(text)"}"# + "\n" }
    try shop.write(input.joined(), to: "large.jsonl")
    let run = try shop.annals("import", "full/s", "large.jsonl", "--batch", "1", "--acknowledge")
    run.expectFailure(74, saying: "No space left")
    #expect(run.lines.count > 5)
    #expect(try shop.shell("$ANNALS export full/s | wc -l").output == "\(run.lines.count)\n")
    #expect(try shop.annals("verify", "full/s").code == 0)
    let more = try shop.shell("mount -o remount,size=64m full && $ANNALS import full/s large.jsonl")
    #expect(more.code == 0, "\(more.error)")
    let all = try shop.shell("$ANNALS export full/s | wc -l").output
    #expect(all == "\(run.lines.count + 100)\n")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func whatCannotBePutOutIsAFailure() throws {
    #expect(try shop.annals("import", "s", input: lines(1...10)).code == 0)
    let run = try shop.shell("$ANNALS export s > /dev/full")
    run.expectFailure(74, saying: "No space left")
  }
}
