import ArgumentParser
import Interchange
import LedgerStore

struct InitCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create or upgrade the ledger's schema and roles. Running it again changes nothing.")

    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let session = try await Session.open(context, schema: .any)
        do {
            let applied = try await session.store.migrate()
            let warning = try await session.store.makeRoles()
            let version = try await session.store.schemaVersion() ?? 0
            await session.close()
            report(applied: applied, version: version, warning: warning, to: context.output)
            return .done
        } catch {
            await session.close()
            throw error
        }
    }

    private func report(applied: [Int], version: Int, warning: String?, to output: Output) {
        if let warning { output.warning(warning) }
        if output.isJSON {
            return output.json(
                .object([
                    ("outcome", .string("done")), ("schema_version", .integer(Int64(version))),
                    ("applied", .array(applied.map { .integer(Int64($0)) })),
                    ("warnings", .array([warning].compactMap { $0 }.map { .string($0) })),
                ]))
        }
        output.line(
            applied.isEmpty
                ? "the ledger is up to date: schema version \(version)"
                : "the ledger is ready: schema version \(version)")
        if warning == nil {
            output.line(
                "roles: \(LedgerStore.roleNames.joined(separator: ", ")); "
                    + "GRANT one of them to each person's role")
        }
    }
}
