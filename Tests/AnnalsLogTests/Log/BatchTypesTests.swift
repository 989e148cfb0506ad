import AnnalsLog
import Testing

/// Which row of a batch a type's name gets: one for each text, whatever string it comes in.
@Suite struct BatchTypesTests {
  /// A text is one row also from a string of its own, and keeps it.
  @Test(arguments: [1, 8, 15, 16, 40])
  func oneTextHasOneRow(length: Int) throws {
    var types = BatchTypes()
    let names = (0..<200).map { "\($0)" + String(repeating: "n", count: length) }
    for name in names { _ = try types.row(of: name) }
    for round in 0..<3 {
      for (row, name) in names.enumerated() {
        let copy = String(decoding: Array(name.utf8), as: UTF8.self)
        #expect(try types.row(of: round == 1 ? copy : name) == row)
      }
    }
    #expect(types.names == names)
  }

  /// The batch keeps the string, so that whoever goes on with it does so elsewhere.
  @Test func aStringThatGrowsIsAnotherType() throws {
    var types = BatchTypes()
    var name = String(repeating: "n", count: 20)
    name.reserveCapacity(200)
    for row in 0..<100 {
      #expect(try types.row(of: name) == row)
      name.append("x")
    }
    #expect(types.names.enumerated().allSatisfy { $1.utf8.count == 20 + $0 })
  }

  /// Strings that come and go share memory one after the other, and no row.
  @Test func stringsThatAreGoneLeaveTheirRows() throws {
    var types = BatchTypes()
    for round in 0..<3 {
      for row in 0..<500 {
        #expect(try types.row(of: "a name of no constant, number \(row)") == row, "\(round)")
      }
    }
  }
}
