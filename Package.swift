// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "bursar",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // For tests alone.
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
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
            dependencies: [
                "Ledger", "LedgerStore",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "EmbeddedPostgres"),
        .target(name: "Interchange", dependencies: ["Ledger"]),
        .target(
            name: "Console",
            dependencies: [
                "Ledger", "LedgerService",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        .target(
            name: "CTerminal", linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
        .target(name: "Terminal", dependencies: ["Console", "CTerminal"]),
        .executableTarget(
            name: "bursar",
            dependencies: [
                "Console", "EmbeddedPostgres", "Interchange", "Ledger", "LedgerService", "LedgerStore",
                "Postgres", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                "TOMLKit",
            ]),
        .executableTarget(
            name: "bursar-bench",
            dependencies: [
                "Console", "EmbeddedPostgres", "Ledger", "LedgerService", "LedgerStore", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "TestSupport",
            dependencies: [
                "EmbeddedPostgres", "Ledger", "Postgres", "LedgerStore", "LedgerService",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport"),
        .target(
            name: "FaultProxy",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/FaultProxy"),
        .testTarget(name: "FaultProxyTests", dependencies: ["FaultProxy", "Postgres", "TestSupport"]),
        .target(
            name: "Campaign",
            dependencies: [
                "FaultProxy", "Ledger", "LedgerService", "LedgerStore", "Postgres", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Campaign"),
        .executableTarget(
            name: "run-campaign",
            dependencies: ["Campaign", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/CampaignCommand"),
        .testTarget(name: "CampaignTests", dependencies: ["Campaign", "FaultProxy", "run-campaign"]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger"]),
        .testTarget(name: "InterchangeTests", dependencies: ["Interchange", "Ledger"]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestSupport"]),
        .testTarget(name: "LedgerStoreTests", dependencies: ["LedgerStore", "LedgerService", "TestSupport"]),
        .testTarget(
            name: "BenchTests",
            dependencies: ["bursar", "bursar-bench", "LedgerService", "LedgerStore", "TestSupport"]),
        .testTarget(
            name: "LedgerServiceTests",
            dependencies: ["LedgerService", "TestSupport", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "DeploymentTests", dependencies: ["Ledger", "LedgerService", "LedgerStore", "TestSupport"]),
        .executableTarget(
            name: "embedded-user", dependencies: ["EmbeddedPostgres"], path: "Tests/EmbeddedUser"),
        .testTarget(name: "EmbeddedPostgresTests", dependencies: ["EmbeddedPostgres", "embedded-user"]),
        .executableTarget(
            name: "terminal-probe", dependencies: ["Console", "Terminal"], path: "Tests/TerminalProbe"),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Console", "Ledger", "LedgerService"],
            exclude: ["Snapshots"]),
        .testTarget(
            name: "TerminalTests", dependencies: ["CTerminal", "Console", "Terminal", "terminal-probe"]),
        .testTarget(
            name: "DialectTests", dependencies: ["FaultProxy", "LedgerService", "LedgerStore", "TestSupport"]),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "bursar", "CTerminal", "Console", "FaultProxy", "Interchange", "Ledger", "LedgerService",
                "LedgerStore", "Postgres", "Terminal", "TestSupport", "TOMLKit",
            ]),
        .testTarget(name: "ArchitectureTests"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "bursar", "EmbeddedPostgres", "Ledger", "LedgerService", "LedgerStore", "Postgres",
                "TestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
