extension Writer {
  /// Frames what a killed process left in the staging file, and makes the file ready for this
  /// opening's events.
  ///
  /// All is durable in frames before the file gives it up. Where the file can not be made ready
  /// nothing is staged; what it holds is never dropped for that.
  package func takeUpStaged(_ report: inout RecoveryReport) throws(LogError) {
    let root = core.files.root
    do throws(LogError) {
      let file = try root.openFile(StoreFile.staging, .readWrite)
      let size = try file.size()
      let bytes = try file.read(min(size, StagingHeader.fileByteCount), at: 0)
      let header = readHeader(bytes.span, &report)
      if let header { try takeUp(bytes.span, header, &report) }
      let entries = min(HeaderBlock.byteCount, bytes.count)..<bytes.count
      if let header, size == StagingHeader.fileByteCount, bytes.span.isZero(entries) {
        startStaging(file, header)
      } else {
        // Entries of this salt could one day continue a log that has lost their like.
        startStaging(file, try renew(file, size))
      }
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      if core.options.allowsStaging { makeStaging() }
    }
  }

  /// The header, if it is one of this store's.
  private func readHeader(
    _ bytes: Span<UInt8>,
    _ report: inout RecoveryReport
  ) -> StagingHeader? {
    // Its maker died before it wrote it.
    if bytes.isZero(0..<bytes.count) { return nil }
    if let header = try? StagingHeader.decode(bytes), header.storeID == core.storeID {
      return header
    }
    report.findings.append(.init(StoreFile.staging, .stagingIgnored))
    return nil
  }

  /// Appends the staged events that continue the log, and makes them durable.
  private func takeUp(
    _ bytes: Span<UInt8>,
    _ header: StagingHeader,
    _ report: inout RecoveryReport
  ) throws(LogError) {
    let batch = EventBatch(limits: .greatest)
    for event in StagedEvent.all(bytes, header) where event.position >= nextPosition {
      // Before it stands what the disk has lost with the power.
      guard event.position == nextPosition, event.fill(batch, core.types, bytes) else {
        report.findings.append(.init(StoreFile.staging, .stagedEventsDropped))
        break
      }
      do throws(LogError) {
        _ = try append(batch, .written)
      } catch {
        // Its version is not the next one: it is of another log than the one that is there now.
        guard case .versionConflict = error else { throw error }
        report.findings.append(.init(StoreFile.staging, .stagedEventsDropped))
        break
      }
      report.stagedEvents += 1
    }
    if report.stagedEvents > 0 { try sync() }
  }

  /// Makes the file one without entries and with a new salt, durably.
  private func renew(_ file: any LogFile, _ size: Int) throws(LogError) -> StagingHeader {
    let header = StagingHeader(storeID: core.storeID)
    var bytes = ByteBuffer(capacity: StagingHeader.fileByteCount)
    header.encode(into: &bytes)
    bytes.appendZeros(StagingHeader.fileByteCount - bytes.count)
    if size > bytes.count { try file.truncate(bytes.count) }
    try Self.write(bytes, to: file, at: 0)
    try file.sync()
    return header
  }

  /// Makes the file where there is none.
  ///
  /// Not durably: after a power cut what was only staged may be gone anyway.
  private func makeStaging() {
    let root = core.files.root
    guard let file = try? root.openFile(StoreFile.staging, .create) else { return }
    let header = StagingHeader(storeID: core.storeID)
    var bytes = ByteBuffer(capacity: HeaderBlock.byteCount)
    header.encode(into: &bytes)
    guard (try? file.allocate(StagingHeader.fileByteCount)) != nil,
      (try? Self.write(bytes, to: file, at: 0)) != nil
    else {
      try? root.remove(StoreFile.staging)
      return
    }
    startStaging(file, header)
  }

  /// Has events staged in the file, if its system allows.
  private func startStaging(_ file: any LogFile, _ header: StagingHeader) {
    guard core.options.allowsStaging,
      (try? file.allocate(StagingHeader.fileByteCount)) != nil,
      let mapping = try? file.mapPinned(StagingHeader.fileByteCount)
    else { return }
    staging.value = Staging(file, mapping, header)
  }
}
