/// All that a power cut at one moment can leave of a disk.
///
/// What is pending is laid out as *places*, each of which has an order of versions; an image of the
/// disk takes one version for each place, independently:
///
/// 1. A sector of a file has the versions that its pending writes gave it, whole or not at all.
/// 2. The size of a file has the versions that its pending changes gave it. Cutting a file and the
///    loss of the bytes behind the cut are one step.
/// 3. Each pending change of a name happened or not, a rename being one change; or, with
///    `.suffixDropped`, each directory has the versions that its changes gave it, in order.
package struct PowerCut: Sendable {
  /// Which changes of names a cut can lose.
  package enum NameLoss: Hashable, Sendable {
    case anySubset
    case suffixDropped
  }

  /// Something that has versions of its own.
  package struct Place: Sendable {
    /// What it is.
    package enum Kind: Sendable {
      case sector, size, name, names
    }

    /// What it is.
    package let kind: Kind
    /// When each version but the oldest came into being, in the disk's order of changes.
    package fileprivate(set) var sequences: [Int]
  }

  /// A part of a pending change, and the version of the place that it leads to.
  private struct Step: Sendable {
    let place: Int
    let version: Int
    let change: Int
    let range: Range<Int>
  }

  /// The places; empty if nothing is pending.
  package private(set) var places: [Place] = []
  private let state: DiskState
  private let sectorByteCount: Int
  private var sequences: [Int] = []
  /// For each file with pending changes, their parts in order.
  private var fileSteps: [(file: Int, steps: [Step])] = []
  /// For each directory with pending changes, the place and version of each.
  private var nameSteps: [(directory: Int, steps: [Step])] = []

  /// Lays out what is pending in `state`.
  init(_ state: DiskState, sectorByteCount: Int, names: NameLoss) {
    precondition(sectorByteCount > 0, "a sector has bytes")
    self.state = state
    self.sectorByteCount = sectorByteCount
    for (index, directory) in state.directories.enumerated() where !directory.pending.isEmpty {
      layOut(directory, index, names)
    }
    for (index, file) in state.files.enumerated() where !file.pending.isEmpty {
      layOut(file, index)
    }
    sequences.sort()
  }

  /// How many changes are pending.
  package var changeCount: Int { sequences.count }

  /// The disk with one version of each place; new and independent, after the machine's restart.
  package func image(_ choice: CrashChoice) -> SimulatedFileSystem {
    image(versions: versions(choice))
  }

  /// The disk with the given version of each place.
  package func image(versions: [Int]) -> SimulatedFileSystem {
    precondition(versions.count == places.count, "every place has a version")
    var image = state
    for (directory, steps) in nameSteps {
      var names = state.directories[directory].durable
      for step in steps where versions[step.place] >= step.version {
        NameTable.apply(state.directories[directory].pending[step.change].change, to: &names)
      }
      image.directories[directory] = NameTable(durable: names)
    }
    for (file, steps) in fileSteps {
      let inode = state.files[file]
      image.files[file] = inode.surviving(content(inode, steps, versions))
    }
    return SimulatedFileSystem(image)
  }

  /// The place in the disk's order behind the first `count` pending changes.
  func sequence(after count: Int) -> Int {
    count < sequences.count ? sequences[count] : Int.max
  }

  private func content(
    _ inode: SimulatedInode,
    _ steps: [Step],
    _ versions: [Int]
  ) -> FileContent {
    var content = inode.durable
    for step in steps where versions[step.place] >= step.version {
      switch inode.pending[step.change].kind {
      case .resize(let byteCount): content.resize(byteCount)
      case .write(let offset, let bytes):
        content.write(bytes, step.range, at: offset + step.range.lowerBound)
      }
    }
    content.trim()
    return content
  }

  private mutating func layOut(_ directory: NameTable, _ index: Int, _ names: NameLoss) {
    var steps: [Step] = []
    if names == .suffixDropped { places.append(Place(kind: .names, sequences: [])) }
    for (change, pending) in directory.pending.enumerated() {
      if names == .anySubset { places.append(Place(kind: .name, sequences: [])) }
      steps.append(step(to: places.count - 1, pending.sequence, change))
      sequences.append(pending.sequence)
    }
    nameSteps.append((index, steps))
  }

  private mutating func layOut(_ file: SimulatedInode, _ index: Int) {
    var steps: [Step] = []
    var sizePlace: Int?
    var sectorPlaces: [Int: Int] = [:]
    for (change, pending) in file.pending.enumerated() {
      sequences.append(pending.sequence)
      switch pending.kind {
      case .resize:
        let place = sizePlace ?? addPlace(.size)
        sizePlace = place
        steps.append(step(to: place, pending.sequence, change))
      case .write(let offset, let bytes):
        var start = 0
        while start < bytes.count {
          let sector = (offset + start) / sectorByteCount
          let end = min(bytes.count, (sector + 1) * sectorByteCount - offset)
          let place = sectorPlaces[sector] ?? addPlace(.sector)
          sectorPlaces[sector] = place
          steps.append(step(to: place, pending.sequence, change, start..<end))
          start = end
        }
      }
    }
    fileSteps.append((index, steps))
  }

  private mutating func addPlace(_ kind: Place.Kind) -> Int {
    places.append(Place(kind: kind, sequences: []))
    return places.count - 1
  }

  private mutating func step(
    to place: Int,
    _ sequence: Int,
    _ change: Int,
    _ range: Range<Int> = 0..<0
  ) -> Step {
    places[place].sequences.append(sequence)
    let version = places[place].sequences.count
    return Step(place: place, version: version, change: change, range: range)
  }
}

extension DiskState {
  /// The state without what lives in memory: caches, locks and planned faults; pending changes are
  /// kept for the cut to choose from.
  func powerless() -> DiskState {
    var state = self
    state.files = files.map { $0.withoutCache(sequence: &state.sequence) }
    state.locks = [:]
    state.faults = FaultPlan()
    state.boot += 1
    return state
  }
}
