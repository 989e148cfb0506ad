package import Logging
internal import Metrics

/// Tells the program's logger and its metrics what happens to a store: openings, seals, consumers,
/// failures.
///
/// Nothing per event.
package final class StoreMonitor: @unchecked Sendable {
  // Checked how: `toldFlaws` is touched only under `lock`.
  private let logger: Logger?
  private let lock = Lock()
  private var toldFlaws: [SnapshotFlaw: Int] = [:]

  package init(_ logger: Logger?, path: String) {
    var logger = logger
    logger?[metadataKey: "store"] = "\(path)"
    self.logger = logger
  }

  package func noteOpened(_ log: EventLog) {
    let report = log.recovery
    Metrics.Timer(label: "annals.open.seconds").recordMicroseconds(report.microseconds)
    logger?.info(
      "store opened",
      metadata: [
        "head": "\(log.head())", "wasClosed": "\(report.wasClosed)",
        "scannedEvents": "\(report.scannedEvents)", "stagedEvents": "\(report.stagedEvents)",
        "microseconds": "\(report.microseconds)",
      ]
    )
    if let torn = report.tornTail {
      logger?.warning(
        "torn tail cut",
        metadata: [
          "file": "\(torn.file)", "offset": "\(torn.offset)", "bytes": "\(torn.byteCount)",
        ]
      )
    }
    for finding in report.findings {
      logger?.warning(
        "recovered",
        metadata: ["file": "\(finding.file)", "finding": "\(finding.kind.rawValue)"]
      )
    }
  }

  package func noteClosed(_ log: EventLog) {
    logger?.info("store closed", metadata: ["head": "\(log.head())"])
  }

  package func note(_ occurrence: LogOccurrence) {
    switch occurrence {
    case .segmentSealed(let file, let position):
      Counter(label: "annals.segments.sealed").increment()
      logger?.debug("segment sealed", metadata: ["file": "\(file)", "through": "\(position)"])
    case .diskFull(let cause):
      Counter(label: "annals.writer.failed").increment()
      logger?.error("disk full: nothing can be appended", metadata: ["error": "\(cause)"])
    case .writerPoisoned(let cause):
      Counter(label: "annals.writer.failed").increment()
      logger?.critical(
        "a write or sync failed: the store must be opened again",
        metadata: ["error": "\(cause)"]
      )
    case .compacted(let before, let after):
      Counter(label: "annals.compactions").increment()
      logger?.info("compacted", metadata: ["before": "\(before)", "after": "\(after)"])
    case .compactionFailed(let error):
      Counter(label: "annals.compactions.failed").increment()
      logger?.error("could not compact", metadata: ["error": "\(error)"])
    }
  }

  package func noteSnapshotKept(_ byteCount: Int) {
    Counter(label: "annals.snapshots.kept").increment()
    logger?.trace("snapshot kept", metadata: ["bytes": "\(byteCount)"])
  }

  package func noteSnapshotDropped() {
    Counter(label: "annals.snapshots.dropped").increment()
  }

  package func noteSnapshotFailed(_ aggregate: AggregateID, _ error: any Error) {
    Counter(label: "annals.snapshots.failed").increment()
    logger?.warning(
      "snapshot not kept",
      metadata: ["aggregate": "\(aggregate)", "error": "\(error)"]
    )
  }

  /// Tells what of the snapshots ignored so far was not told yet: one line for each reason.
  package func noteSnapshotsIgnored(_ counts: SnapshotCounts) {
    for flaw in SnapshotFlaw.allCases {
      let (count, told) = lock.withLock { () -> (Int, Int) in
        defer { toldFlaws[flaw] = max(toldFlaws[flaw] ?? 0, counts[flaw]) }
        return (counts[flaw], toldFlaws[flaw] ?? 0)
      }
      guard count > told else { continue }
      Counter(label: "annals.snapshots.ignored", dimensions: [("reason", "\(flaw)")])
        .increment(by: count - told)
      // The first of each kind; a changed shape would be told for every aggregate.
      if told == 0 {
        logger?.notice("snapshot ignored: state by replay", metadata: ["reason": "\(flaw)"])
      }
    }
  }

  package func note(_ status: ConsumerStatus) {
    Gauge(label: "annals.consumer.lag", dimensions: [("consumer", status.name)])
      .record(status.lag)
    var metadata: Logger.Metadata = [
      "consumer": "\(status.name)", "position": "\(status.position)", "lag": "\(status.lag)",
    ]
    switch status.phase {
    case .starting: return
    case .catchingUp: logger?.info("consumer catching up", metadata: metadata)
    case .live: logger?.info("consumer live", metadata: metadata)
    case .stopped: logger?.info("consumer stopped", metadata: metadata)
    case .failed(let error):
      Counter(label: "annals.consumers.failed").increment()
      metadata["error"] = "\(error)"
      logger?.error("consumer failed", metadata: metadata)
    }
  }
}
