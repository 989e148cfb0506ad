// swift-tools-version: 6.2
import PackageDescription

/// One array for every Swift target: the strictest settings the compiler has.
var settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // Needed to *declare* members that return a Span; clients need no flag.
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

// Planted bugs prove that the harnesses can fail; they are compiled only when asked for.
if Context.environment["ANNALS_PLANTED_BUGS"] != nil {
  settings.append(.define("ANNALS_PLANTED_BUGS"))
}

let package = Package(
  name: "Annals",
  products: [
    .library(name: "Annals", targets: ["Annals"]),
    .library(name: "AnnalsLog", targets: ["AnnalsLog"]),
    .library(name: "AnnalsTesting", targets: ["AnnalsTesting"]),
    .executable(name: "annals", targets: ["AnnalsCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
  ],
  targets: [
    // The bytes: durable, ordered, indexed. Knows no Codable and no aggregate type.
    .target(
      name: "AnnalsLog",
      dependencies: ["CAnnals", "CLZ4"],
      swiftSettings: settings
    ),
    // The meaning: events, aggregates, projections. Knows no byte and no descriptor.
    .target(
      name: "Annals",
      dependencies: [
        "AnnalsLog",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ],
      swiftSettings: settings
    ),
    // The stories of the demo, which the tests run too.
    .target(name: "AnnalsExamples", dependencies: ["Annals"], swiftSettings: settings),
    // What Annals' own tests use, offered to its users.
    .target(name: "AnnalsTesting", dependencies: ["AnnalsLog", "Annals"], swiftSettings: settings),
    .executableTarget(
      name: "AnnalsCommand",
      dependencies: [
        "Annals", "AnnalsExamples", "AnnalsLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      resources: [.embedInCode("Resources/loan-applications.jsonl")],
      swiftSettings: settings
    ),
    // What Swift cannot say well: hardware checksums, a few system calls, the guarded copy.
    .target(name: "CAnnals"),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .testTarget(
      name: "AnnalsLogTests",
      dependencies: ["AnnalsLog", "AnnalsTesting"],
      resources: [.copy("Fixtures")],
      swiftSettings: settings
    ),
    .testTarget(
      name: "AnnalsLogCrashTests",
      dependencies: ["AnnalsLog", "AnnalsTesting"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "AnnalsTests",
      dependencies: ["Annals", "AnnalsExamples", "AnnalsTesting"],
      swiftSettings: settings
    ),
    // The code of README and articles, compiled and run.
    .testTarget(
      name: "DocumentationTests",
      dependencies: ["Annals", "AnnalsTesting"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "AnnalsCommandTests",
      dependencies: ["AnnalsCommand", "AnnalsLog"],
      swiftSettings: settings
    ),
    .testTarget(name: "RepositoryTests", swiftSettings: settings),
  ],
  cLanguageStandard: .c17
)
