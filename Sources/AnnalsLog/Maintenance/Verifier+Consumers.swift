extension Verification {
  /// Checks what the consumers have kept.
  ///
  /// Of a consumer's two slots one may be damaged after a crash; both, or the only one, never.
  mutating func checkConsumers() {
    let directory: any LogDirectory
    let names: [String]
    do throws(LogError) {
      guard try root.names().contains(StoreFile.consumersDirectory) else { return }
      directory = try root.openDirectory(StoreFile.consumersDirectory, create: false)
      names = try directory.names()
    } catch {
      add(VerifyProblem(error, .consumer, file: StoreFile.consumersDirectory))
      return
    }
    var stems: [String] = []
    for name in names {
      if let stem = ConsumerEntry.stem(of: name) {
        if stems.last != stem { stems.append(stem) }
      } else {
        let path = StoreFile.consumersDirectory + "/" + name
        note(name.hasSuffix(StoreFile.temporarySuffix) ? .leftover : .strayFile, path)
      }
    }
    for stem in stems {
      let slots = names.filter { ConsumerEntry.stem(of: $0) == stem }
      checkConsumer(stem, slots, directory)
    }
  }

  private mutating func checkConsumer(
    _ stem: String,
    _ slots: [String],
    _ directory: any LogDirectory
  ) {
    var damages: [(file: String, error: LogError)] = []
    var newest: (file: String, header: ConsumerHeader)?
    var attempts = 0
    repeat {
      damages = []
      for slot in slots {
        let path = StoreFile.consumersDirectory + "/" + slot
        do throws(LogError) {
          let header = try checkSlot(slot, stem, directory)
          if header.sequence >= newest?.header.sequence ?? 0 { newest = (path, header) }
        } catch {
          // Beside a writer a consumer can be removed.
          if through != .max, !isDamage(error) { continue }
          damages.append((path, error))
        }
      }
      attempts += 1
      if newest != nil || damages.isEmpty || through == .max { break }
      // Beside a writer both slots can change while they are read, one after the other.
      SystemClock.sleep(nanoseconds: 5_000_000)
    } while attempts < 5
    for (file, error) in damages {
      if newest != nil, isDamage(error) {
        note(.damagedSlot, file)
      } else {
        add(VerifyProblem(error, .consumer, file: file))
      }
    }
    guard let newest, through == .max else { return }
    // It was durable when this was saved.
    if newest.header.history == manifest?.historyID, newest.header.position > lastPosition {
      add(
        VerifyProblem(
          .mismatch,
          .consumer,
          file: newest.file,
          field: "position",
          expected: lastPosition,
          found: newest.header.position
        )
      )
    }
  }

  private func isDamage(_ error: LogError) -> Bool {
    switch error {
    case .corrupt, .truncatedFile: true
    default: false
    }
  }

  /// The header of a slot of which every byte that counts verifies.
  private mutating func checkSlot(
    _ slot: String,
    _ stem: String,
    _ directory: any LogDirectory
  ) throws(LogError) -> ConsumerHeader {
    let file = try directory.openFile(slot, .readOnly)
    let size = try file.size()
    let start = try file.read(ConsumerHeader.Layout.byteCount, at: 0)
    report.bytes += size
    func damaged(_ kind: Corruption.Kind, _ offset: Int = 0) -> LogError {
      .corrupt(Corruption(file: file.name, offset: offset, kind))
    }
    let header = try ConsumerHeader.decode(start.span, file: file.name)
    guard header.storeID == storeID,
      ConsumerEntry.stem(header.name.span, KeyHasher(storeID)) == stem
    else { throw damaged(.identity) }
    let begin = ConsumerHeader.Layout.byteCount
    guard size - begin >= header.storedByteCount else {
      throw .truncatedFile(
        file: file.name,
        expected: UInt64(begin + header.storedByteCount),
        actual: UInt64(size)
      )
    }
    let stored = try file.read(header.storedByteCount, at: begin)
    let sum = ConsumerHeader.checksum(stored.span, sequence: header.sequence)
    guard sum == header.stateChecksum else {
      throw damaged(.checksum(stored: header.stateChecksum, computed: sum), begin)
    }
    if header.isCompressed, LZ4.decompress(stored.span, into: header.rawByteCount) == nil {
      throw damaged(.malformed(.consumer), begin)
    }
    return header
  }
}
