import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct FaultPlanTests {
  @Test func aStoppedProcessDoesNothingMore() throws {
    let prepared = try PreparedDisk()
    let count = prepared.disk.withFaults { $0.operationCount }
    prepared.disk.withFaults { $0.stop(at: .before(count + 2)) }
    try prepared.file.write([1], at: 0)
    for _ in 0..<3 {
      #expect(throws: LogError.system(SystemError(.write, file: "file", errno: EIO))) {
        try prepared.file.write([2], at: 0)
      }
      #expect(prepared.disk.isStopped)
    }
    #expect(throws: LogError.self) { try prepared.file.sync() }
    #expect(throws: LogError.self) { try prepared.directory.names() }
    #expect(try PreparedDisk.bytes(prepared.disk.killed()) == [1])
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .everything)) == [1])
  }

  @Test func aStopAfterACallHasItsEffect() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1], at: 0)
    prepared.disk.withFaults { $0.stop(at: .after($0.operationCount + 1)) }
    #expect(throws: LogError.self) { try prepared.file.sync() }
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .nothing)) == [1])
  }

  @Test(arguments: 0...4)
  func aTornWriteLeavesAPrefix(byteCount: Int) throws {
    let head: [UInt8] = [1, 2]
    let tail: [UInt8] = [3, 4]
    let prepared = try PreparedDisk()
    prepared.disk.withFaults { $0.stop(at: .torn($0.operationCount + 1, byteCount: byteCount)) }
    #expect(throws: LogError.self) { try prepared.file.write(head.span, tail.span, at: 0) }
    let expected = [UInt8]([1, 2, 3, 4].prefix(byteCount))
    #expect(try PreparedDisk.bytes(prepared.disk.killed()) == expected)
  }

  @Test(arguments: [false, true])
  func theNthCallOfAKindFailsOnceOrForEver(isSticky: Bool) throws {
    let prepared = try PreparedDisk()
    prepared.disk.withFaults {
      $0.fail(.init(ENOSPC, nth: 2, kinds: [.write], isSticky: isSticky))
    }
    let failure = LogError.diskFull(SystemError(.write, file: "file", errno: ENOSPC))
    try prepared.file.write([1], at: 0)
    _ = try prepared.file.read(1, at: 0)
    #expect(throws: failure) { try prepared.file.write([2], at: 0) }
    #expect(try prepared.file.read(1, at: 0) == [1])
    if isSticky {
      #expect(throws: failure) { try prepared.file.write([2], at: 0) }
      prepared.disk.withFaults { $0.clearFailures() }
    }
    try prepared.file.write([2], at: 0)
  }

  @Test func aFailureCanConcernOneFileAndWriteAPart() throws {
    let prepared = try PreparedDisk()
    let other = try prepared.directory.openFile("other", .create)
    prepared.disk.withFaults { $0.fail(.init(EIO, file: "other", writtenByteCount: 1)) }
    try prepared.file.write([1], at: 0)
    #expect(throws: LogError.self) { try other.write([1, 2], at: 0) }
    #expect(try other.read(2, at: 0) == [1])
  }

  @Test func theTraceNamesEveryCall() throws {
    let prepared = try PreparedDisk()
    prepared.disk.withFaults { $0.isTracing = true }
    let inner = try prepared.directory.openDirectory("inner", create: true)
    try inner.openFile("file", .create).write([1], at: 7)
    #expect(
      prepared.disk.withFaults { $0.trace.map(\.description) } == [
        "openDirectory inner", "makeDirectory inner", "syncDirectory /store",
        "create inner/file", "write inner/file 7+1",
      ]
    )
  }
}
