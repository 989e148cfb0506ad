extension VerifyProblem {
  /// The facts as one line.
  public var message: String {
    var words: String
    switch kind {
    case .unreadable: words = "the disk does not give its bytes"
    case .missingFile: words = "is listed and not there"
    case .truncatedFile: words = "is shorter than what was acknowledged in it"
    case .checksum: words = "\(subject)checksum does not fit"
    case .malformed: words = "\(subject)is not what a writer makes"
    case .magic: words = "does not begin as its kind of file does"
    case .identity: words = "belongs to another store or stands under another name"
    case .discontinuity: words = "positions do not continue"
    case .erased: words = "zeros stand where acknowledged bytes should"
    case .unsupportedVersion: words = "says that a newer version wrote it"
    case .versionGap: words = "the versions of an aggregate do not continue"
    case .unknownType: words = "an event has a type without a name"
    case .keyOrder: words = "the numbers of idempotency keys do not rise"
    case .mismatch: words = "\(subject)differs from what the log says"
    }
    if let field { words += ": \(field)" }
    if let expected { words += ", expected \(text(expected))" }
    if let found { words += ", found \(text(found))" }
    switch cause {
    case .system(let error), .diskFull(let error): words += " (\(error))"
    case let error?: words += " (\(error))"
    case nil: break
    }
    if let positions {
      words +=
        positions.first == positions.last
        ? "; position \(positions.first) can not be read"
        : "; positions \(positions.first) to \(positions.last) can not be read"
    }
    return words
  }

  private var subject: String { structure.map { "\($0.rawValue): " } ?? "" }

  private func text(_ value: UInt64) -> String {
    kind == .checksum ? "0x" + String(value, radix: 16) : String(value)
  }
}

extension VerifyProblem {
  /// The problem an error tells of; `file` and `offset` stand in where it names none.
  package init(_ error: LogError, _ structure: Corruption.Structure?, file: String, offset: Int = 0)
  {
    switch error {
    case .corrupt(let found):
      self.init(found, structure)
    case .truncatedFile(let file, let expected, let actual):
      self.init(.truncatedFile, structure, file: file, expected: expected, found: actual)
    case .missingFile(let file, let positions):
      self.init(.missingFile, structure, file: file, positions: positions)
    case .unsupportedVersion(let file, let version):
      self.init(
        .unsupportedVersion,
        structure,
        file: file,
        offset: UInt64(offset),
        field: "major",
        expected: UInt64(FormatVersion.major),
        found: UInt64(version.major)
      )
    case .system(let cause) where cause.isNotFound:
      self.init(.missingFile, structure, file: file)
    default:
      self.init(.unreadable, structure, file: file, offset: UInt64(offset), cause: error)
    }
  }

  /// The problem that a corruption is.
  package init(_ corruption: Corruption, _ structure: Corruption.Structure?) {
    var structure = structure
    var kind: Kind
    var expected: UInt64?
    var found: UInt64?
    switch corruption.kind {
    case .checksum(let stored, let computed):
      (kind, expected, found) = (.checksum, UInt64(computed), UInt64(stored))
    case .malformed(let what):
      kind = .malformed
      structure = what
    case .magic: kind = .magic
    case .discontinuity(let wanted, let seen):
      (kind, expected, found) = (.discontinuity, wanted, seen)
    case .identity: kind = .identity
    case .erased: kind = .erased
    }
    self.init(
      kind,
      structure,
      file: corruption.file,
      offset: corruption.offset,
      positions: corruption.positions,
      expected: expected,
      found: found
    )
  }
}
