// swift-tools-version: 6.2
import PackageDescription

// The suite measures parts that are not public: it counts as part of the package, whose name
// SwiftPM takes from its directory's.
let annalsName = Context.packageDirectory.split(separator: "/").dropLast(2).last ?? "annals"
let annalsPackageName = String(
  annalsName.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
)

let package = Package(
  name: "AnnalsSuite",
  dependencies: [
    .package(name: "Annals", path: "../.."),
    // Its interposers read zero on Linux; the counters here are our own.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .target(name: "CCounters", linkerSettings: [.linkedLibrary("dl")]),
    .executableTarget(
      name: "Engine",
      dependencies: [
        "CCounters",
        .product(name: "Annals", package: "Annals"),
        .product(name: "AnnalsLog", package: "Annals"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Engine",
      packageAccess: false,
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .unsafeFlags(["-package-name", annalsPackageName]),
      ],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    ),
  ],
  cLanguageStandard: .c17
)
