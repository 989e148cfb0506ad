import AnnalsLog
import AnnalsTesting
import Testing

/// The newest slot of the manifest is damaged: an older one says less, and costs nothing.
@Suite struct StaleLayoutTests {
  private static let slotBytes = Manifest.Layout.byteCount

  /// The slot of the newest manifest in `bytes`, and its generation.
  private func newestSlot(_ bytes: [UInt8]) throws -> (slot: Int, manifest: Manifest) {
    let slots = (0..<Manifest.Layout.slots).compactMap { slot in
      (try? Manifest.decode(bytes.span, slot: slot)).map { (slot, $0) }
    }
    return try #require(slots.max { $0.1.generation < $1.1.generation })
  }

  private func read(_ disk: SimulatedFileSystem, _ access: LogOptions.Access) throws -> Int {
    let options = DamageStore.options(disk.killed(), access)
    let log = try EventLog(at: DamageStore.path, options: options)
    let count = try log.read().count
    if access == .readWrite {
      let receipt = try log.append([NewEvent(type: "Late", payload: [])], to: "late-1")
      #expect(receipt.lastPosition.rawValue == UInt64(count + 1))
    }
    return count
  }

  /// As after a roll that made its own segment: the older list does not know the newest segments.
  @Test(arguments: [LogOptions.Access.readOnly, .readWrite])
  func segmentsBegunAfterTheOlderListAreFound(access: LogOptions.Access) throws {
    let disk = SimulatedFileSystem()
    var options = DamageStore.options(disk)
    options.createsStore = true
    let log = try EventLog(at: DamageStore.path, options: options)
    try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1")
    let early = try DiskImage(disk)
    for number in 2...4 {
      try DamageStore.roll(log)
      try log.append([NewEvent(type: "Done", payload: [UInt8(number)])], to: "a-1")
    }
    var image = try DiskImage(disk)
    let before = try #require(early.files[StoreFile.manifest])
    var manifest = try #require(image.files[StoreFile.manifest])
    let (oldSlot, oldManifest) = try newestSlot(before)
    let (slot, _) = try newestSlot(manifest)
    let other = 1 - slot
    let from = oldSlot * Self.slotBytes
    manifest.replaceSubrange(
      other * Self.slotBytes..<(other + 1) * Self.slotBytes,
      with: before[from..<from + Self.slotBytes]
    )
    let list = StoreFile.segmentList(oldManifest.listGeneration)
    image.files[list] = early.files[list]
    image.files[StoreFile.manifest] = manifest
    #expect(try read(try image.disk(), access) == 4)
    manifest[slot * Self.slotBytes + 100] ^= 1
    image.files[StoreFile.manifest] = manifest
    #expect(try read(try image.disk(), access) == 4)
    // A salvage finds them as well.
    let damaged = try image.disk()
    try StoreCopier.salvage(
      DamageStore.path,
      to: "/saved",
      opening: DamageStore.options(damaged)
    )
    #expect(try CopyStory.verified(damaged, "/saved").map(\.payload) == [[1], [2], [3], [4]])
  }

  /// The older slot says that the log was closed, and where it ended then.
  @Test(arguments: [(LogOptions.Access.readOnly, true), (.readWrite, true), (.readWrite, false)])
  func anOldCloseIsNotTheEnd(access: LogOptions.Access, isNewestDamaged: Bool) throws {
    let disk = try DamageStore(DamageStore.Shape(segmentCount: 1)).disk
    let closed = try DiskImage(disk)
    let log = try EventLog(at: DamageStore.path, options: DamageStore.options(disk))
    let head = try log.append([NewEvent(type: "Opened", payload: [1])], to: "a-1").lastPosition
    var image = try DiskImage(disk)
    var manifest = try #require(image.files[StoreFile.manifest])
    if isNewestDamaged {
      manifest[try newestSlot(manifest).slot * Self.slotBytes + 100] ^= 1
    } else {
      // The whole file is as it was at the close.
      manifest = try #require(closed.files[StoreFile.manifest])
    }
    image.files[StoreFile.manifest] = manifest
    #expect(try read(try image.disk(), access) == Int(head.rawValue))
  }
}
