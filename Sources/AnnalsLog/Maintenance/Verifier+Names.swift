extension Verification {
  /// The types file: its header, its records, and the store it belongs to.
  mutating func checkTypeFile() {
    let name = StoreFile.types
    do throws(LogError) {
      let file = try root.openFile(name, .readOnly)
      let bytes = try file.read(try file.size(), at: 0)
      report.bytes += bytes.count
      let found = try TypeFile.decode(bytes.span, storeID: storeID)
      _ = types.merge(first: 1, found.names)
      checkCatalog(types: bytes)
      fileTypeCount = found.names.count
      typeFileEnd = found.end
      isTypeFileWhole = found.isWhole
    } catch {
      fileTypeCount = nil
      add(VerifyProblem(error, .typeTable, file: name))
    }
  }

  /// Whether the types file holds all names the log uses: each was durable there before.
  mutating func checkTypeCount() {
    guard let fileTypeCount else { return }
    if types.count > fileTypeCount {
      add(
        VerifyProblem(
          isTypeFileWhole ? .mismatch : .checksum,
          .typeTable,
          file: StoreFile.types,
          offset: UInt64(typeFileEnd),
          field: "number of names",
          expected: UInt64(types.count),
          found: UInt64(fileTypeCount)
        )
      )
    } else if !isTypeFileWhole {
      note(.typesIncomplete, StoreFile.types, offset: typeFileEnd)
    }
  }

  /// Looks for files that nothing leads to.
  mutating func checkNames(_ log: (any LogDirectory)?) throws(LogError) {
    checkTypeCount()
    let own: Set<String> = [
      StoreFile.lock, StoreFile.manifest, StoreFile.control, StoreFile.types, StoreFile.staging,
      StoreFile.copies,
      StoreFile.logDirectory, StoreFile.snapshotsDirectory, StoreFile.consumersDirectory,
    ]
    let current = list?.generation ?? 0
    for name in try root.names() where !own.contains(name) {
      if let generation = StoreFile.number(in: name, prefix: "backup-") {
        if generation != current { note(.unlistedFile, name) }
      } else if let generation = StoreFile.number(in: name, prefix: "segments-") {
        // The generation before stays for the other slot of the manifest.
        if generation != current, generation + 1 != current { note(.unlistedFile, name) }
      } else if let generation = StoreFile.number(in: name, prefix: "index-") {
        if !checkpoints.contains(where: { $0.known.generation == generation }) {
          note(.unlistedFile, name)
        }
      } else if StoreFile.number(in: name, prefix: "retention-") != nil {
        checkRetentionFile(name)
      } else {
        note(name.hasSuffix(StoreFile.temporarySuffix) ? .leftover : .strayFile, name)
      }
    }
    guard let log else { return }
    var listed: Set<String> = []
    for file in files {
      listed.insert(StoreFile.segment(file.entry.id))
      listed.insert(StoreFile.footer(file.entry.id))
    }
    for name in try log.names() where !listed.contains(name) {
      let path = StoreFile.logDirectory + "/" + name
      let isOwn =
        StoreFile.number(in: name, prefix: "", suffix: ".segment") != nil
        || StoreFile.number(in: name, prefix: "", suffix: ".footer") != nil
      if isOwn {
        note(.unlistedFile, path)
      } else {
        note(name.hasSuffix(StoreFile.temporarySuffix) ? .leftover : .strayFile, path)
      }
    }
  }
}
