/// Rows of text under headings, in columns as wide as their widest cell.
///
/// The whole table is held until it is printed, since the last row may be the widest.
package struct Table: Sendable {
  private let columns: [Column]
  private var rows: [[String]] = []

  /// A heading and the side its cells stand at.
  package struct Column: Sendable {
    fileprivate let title: String
    fileprivate let isNumeric: Bool

    /// A column of text, aligned left.
    package static func text(_ title: String) -> Column { Column(title: title, isNumeric: false) }
    /// A column of numbers, aligned right.
    package static func number(_ title: String) -> Column { Column(title: title, isNumeric: true) }
  }

  /// Creates a table without rows.
  package init(_ columns: [Column]) {
    self.columns = columns
  }

  /// Whether it has no row.
  package var isEmpty: Bool { rows.isEmpty }

  /// Adds a row with a cell for each column.
  package mutating func addRow(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has a cell for each column")
    rows.append(cells.map(\.printable))
  }

  /// The heading and the rows, a line each, without spaces at their ends.
  package var lines: [String] {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { cells in
      var line = ""
      for (index, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        line += columns[index].isNumeric ? padding + cell : cell + padding
        if index < cells.count - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
