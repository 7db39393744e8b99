// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "bursar",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "Ledger", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Postgres", dependencies: ["CLibPQ"]),
        .target(name: "LedgerStore", dependencies: ["Ledger", "Postgres"]),
        .target(
            name: "LedgerService",
            dependencies: ["Ledger", "LedgerStore", .product(name: "Logging", package: "swift-log")]),
        .target(name: "EmbeddedPostgres"),
        .target(name: "Interchange", dependencies: ["Ledger"]),
        .executableTarget(
            name: "bursar",
            dependencies: [
                "EmbeddedPostgres", "Interchange", "Ledger", "LedgerService", "LedgerStore", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                "TOMLKit",
            ], exclude: ["ConsoleEffects.swift", "ConsoleRuntime.swift", "ConsoleCommand.swift"]),
        .target(
            name: "TestSupport",
            dependencies: [
                "EmbeddedPostgres", "Ledger", "Postgres", "LedgerStore", "LedgerService",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport"),
        .testTarget(name: "LedgerStoreTests", dependencies: ["LedgerStore", "LedgerService", "TestSupport"]),
        .testTarget(
            name: "LedgerServiceTests",
            dependencies: ["LedgerService", "TestSupport", .product(name: "Logging", package: "swift-log")]),
        .testTarget(name: "ArchitectureTests"),
        .testTarget(
            name: "EndToEndTests", dependencies: ["bursar", "EmbeddedPostgres", "Postgres", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
