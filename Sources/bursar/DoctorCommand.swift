import ArgumentParser
import EmbeddedPostgres
import Interchange
import Ledger
import LedgerStore
import Postgres

struct DoctorCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what it is connected to, versions, settings, paths and warnings.",
        discussion: "Exit status 0 if it can work.")

    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let session = try await Session.open(context, schema: .any)
        do {
            let findings = try await examine(session, context)
            context.output.isJSON ? context.output.json(findings.json) : context.output.lines(findings.lines)
            session.service.acknowledge(findings.left.settled)
            await session.close()
            return findings.schemaError == nil ? .done : .badSettings
        } catch {
            await session.close()
            throw error
        }
    }

    private func examine(_ session: Session, _ context: CommandContext) async throws -> Findings {
        let now = context.serviceEnvironment.now
        let facts = try await session.store.serverFacts { now().microseconds }
        var schemaError: StoreError?
        do {
            try await session.store.requireSchema()
        } catch let error as StoreError {
            schemaError = error
        }
        let access = schemaError == nil ? try await session.store.access() : nil
        let left = await LeftFindings(session.service, canAsk: (access?.level ?? .none) > .none)
        return Findings(
            connection: session.connection, connectionWarnings: session.connectionWarnings, facts: facts,
            isEmbedded: session.embedded != nil,
            schemaVersion: try await session.store.schemaVersion(), schemaError: schemaError, access: access,
            paths: paths(session, context), settings: context.settings.listing(of: session),
            environmentName: context.settings.environmentName.value, left: left)
    }

    private func paths(_ session: Session, _ context: CommandContext) -> [(name: String, value: String)] {
        var paths = [("config", context.settings.file), ("log", context.settings.logFile.value)]
        paths.append(("outbox", context.settings.outbox.value))
        if case .embedded(let directory) = context.settings.target.value {
            paths.append(("data", directory))
        }
        return paths
    }
}

/// What was found, to be said twice: as text and as JSON.
private struct Findings {
    let connection: String
    let connectionWarnings: [String]
    let facts: ServerFacts
    let isEmbedded: Bool
    let schemaVersion: Int?
    let schemaError: StoreError?
    let access: Access?
    let paths: [(name: String, value: String)]
    let settings: [(name: String, value: String, origin: String)]
    let environmentName: String
    let left: LeftFindings

    var warnings: [String] {
        (schemaError.map { [$0.message] } ?? []) + connectionWarnings + facts.warnings
            + facts.replicationWarnings(isReplicated: connection.contains(","))
            + (facts.isSuperuser && !isEmbedded ? [superuserWarning] : []) + left.warnings
    }

    private var level: AccessLevel { access?.level ?? .none }

    private var confined: String {
        access?.isConfined == true ? ", which sees some of the accounts only" : ""
    }

    private var superuserWarning: String {
        "the role \(facts.role) is a superuser and can change the books past every rule; grant people "
            + "bursar_operator instead"
    }

    var json: JSONValue {
        .object([
            ("connection", .string(connection)), ("server", .string(facts.version)),
            ("dialect", .string(facts.dialect.rawValue)),
            ("schema_version", schemaVersion.map { .integer(Int64($0)) } ?? .null),
            ("role", .string(facts.role)), ("access", .string(level.rawValue)),
            ("confined", .bool(access?.isConfined == true)),
            ("paths", .object(paths.map { ($0.name, .string($0.value)) })),
            (
                "settings",
                .object(
                    settings.map {
                        ($0.name, .object([("value", .string($0.value)), ("origin", .string($0.origin))]))
                    })
            ),
            ("left", .array(left.operations.map(LeftFindings.json))),
            ("warnings", .array(warnings.map { .string($0) })),
        ])
    }

    var lines: [String] {
        let top = [
            ["connection", connection], ["server", "\(facts.version) (\(facts.dialect.rawValue))"],
            ["schema", schemaVersion.map { "version \($0)" } ?? "none"],
            ["role", "\(facts.role), as \(level.rawValue)\(confined)"],
        ]
        let rows =
            top + paths.map { ["path of \($0.name)", $0.value] }
            + settings.map { [$0.name, $0.value.isEmpty ? "(\($0.origin))" : "\($0.value)  (\($0.origin))"] }
        let remarks = warnings.isEmpty ? ["no warnings"] : warnings.map { "warning: \($0)" }
        return Table.lines(rows, alignment: [.left, .left]) + left.lines + remarks
    }
}
