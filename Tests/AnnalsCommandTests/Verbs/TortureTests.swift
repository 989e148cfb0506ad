import Foundation
import Testing

@Suite struct TortureTests {
  @Test func aSoundDiskPassesAndIsLeftAsItWas() throws {
    let workshop = try Workshop()
    try workshop.makeDirectory("disk")
    try workshop.write("mine", to: "disk/notes")
    let run = try workshop.annals("torture", "disk", "--seconds", "2", "--seed", "7", "--json")
    #expect(run.code == 0, "\(run.output)\(run.error)")
    let report = try run.object()
    #expect(report["ok"] as? Bool == true)
    #expect(try #require(report["kills"] as? Int) > 2)
    #expect(try #require(report["acknowledged"] as? Int) > 10)
    #expect(report["violation"] is NSNull)
    #expect(report["seed"] as? Int == 7)
    #expect(try #require(report["syncMicroseconds"] as? Int) >= 0)
    let behaviours = try #require(report["behaviours"] as? [[String: Any]])
    #expect(behaviours.count == 8)
    #expect(behaviours.allSatisfy { $0["ok"] as? Bool == true })
    #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path("disk")) == ["notes"])
  }

  @Test func linesForAPerson() throws {
    let workshop = try Workshop()
    let run = try workshop.annals("torture", ".", "--seconds", "0")
    #expect(run.code == 0, "\(run.output)\(run.error)")
    #expect(run.lines.count { $0.hasPrefix("ok: ") } == 9)
    #expect(run.lines.last?.contains("1 writers killed") == true)
  }

  @Test func directoriesThatAreNone() throws {
    let workshop = try Workshop()
    try workshop.annals("torture", "nowhere").expectFailure(66, saying: "nowhere")
    try workshop.write("", to: "file")
    try workshop.annals("torture", "file").expectFailure(66, saying: "file")
    #expect(try workshop.annals("torture", ".", "--seconds", "-1").code == 64)
  }

  /// What was acknowledged and is gone is found: here because somebody else takes it away.
  @Test func aLostStoreIsFound() throws {
    let workshop = try Workshop()
    let run = try workshop.shell(
      """
      $ANNALS torture . --seconds 6 --seed 3 --json > report & torture=$!
      for _ in $(seq 400); do
        for store in annals-*/store-1; do
          [ -e $store/MANIFEST ] && sleep 0.4 && rm -f $store/log/*.segment $store/segments-*
        done
        kill -0 $torture 2> /dev/null || break
        sleep 0.02
      done
      wait $torture; echo "code $?"; cat report
      """
    )
    #expect(run.output.contains("code 1"), "\(run.output)\(run.error)")
    #expect(run.output.contains("store-1"))
  }
}
