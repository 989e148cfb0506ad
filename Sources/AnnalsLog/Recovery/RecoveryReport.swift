/// What opening a store found, and what it did about it.
public struct RecoveryReport: Sendable {
  /// Whether the store was closed properly and its tail needed no scan.
  public var wasClosed = false
  /// The bytes of frames that were scanned.
  public var scannedBytes = 0
  /// The events that were scanned.
  public var scannedEvents = 0
  /// The events that a killed process had written and not framed: those that opening for writing
  /// took up, or those that opening for reading found waiting for that, and shows only to who asks
  /// for written events.
  public var stagedEvents = 0
  /// The torn tail that ended the log, if one did.
  public var tornTail: TornTail?
  /// Damage that was found and is survived by a second copy, or by making things anew.
  public var findings: [Finding] = []
  /// How long opening took, in microseconds.
  public var microseconds: Int64 = 0

  /// Bytes behind the last whole frame that were never acknowledged as durable.
  public struct TornTail: Hashable, Sendable {
    /// The segment file.
    public let file: String
    /// Where the log ends.
    public let offset: UInt64
    /// The bytes behind it up to the last that is not zero.
    public let byteCount: UInt64
  }

  /// One thing found.
  public struct Finding: Hashable, Sendable {
    /// The file.
    public let file: String
    /// What was found and done.
    public let kind: Kind

    /// Creates a finding.
    public init(_ file: String, _ kind: Kind) {
      self.file = file
      self.kind = kind
    }

    /// What was found and done.
    @nonexhaustive
    public enum Kind: String, Hashable, Sendable {
      /// One of the manifest's slots does not verify; the other counts.
      case manifestSlotIgnored
      /// No slot of the manifest verifies: it was made anew from the segments.
      case manifestRebuilt
      /// The segment list does not verify: it was made anew from the segments.
      case segmentListRebuilt
      /// A segment's header does not verify: its second copy in the list is used.
      case segmentHeaderRestored
      /// A sealed segment's file was cut: what is left of it can be read, and nothing written.
      case segmentTruncated
      /// A sealed segment has no footer that verifies: it is made anew.
      case footerRebuilt
      /// An index checkpoint is missing or does not verify: footers answer for it.
      case indexCheckpointIgnored
      /// The type table does not verify: it was made anew from the log.
      case typesRebuilt
      /// The staging file's header does not verify: written events that were not framed are lost.
      case stagingIgnored
      /// Written events that were not framed do not continue the log, which lost what stood before
      /// them with the power, or was replaced by another: they are lost as well.
      case stagedEventsDropped
      /// A segment that was begun and never synced was dropped.
      case unsyncedSegmentDropped
      /// A file that belongs to nothing was left alone.
      case strayFile
      /// A file left by an interrupted write was removed.
      case leftoverRemoved
    }
  }
}
