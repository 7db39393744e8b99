import ArgumentParser
import Interchange
import Ledger
import LedgerStore

struct RoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Say who may do what, and confine roles to some of the accounts.",
        subcommands: [RoleListCommand.self, RoleConfineCommand.self, RoleFreeCommand.self])
}

struct RoleListCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the roles that may read this ledger, and which accounts they see.")

    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        try await withSession(context) { session in
            let roles = try await session.store.roles()
            for role in roles where !role.escapes.isEmpty {
                context.output.warning(Self.warning(role))
            }
            if context.output.isJSON {
                for role in roles { context.output.json(.role(role)) }
            } else {
                context.output.lines(Self.table(roles))
            }
            return .done
        }
    }

    private static func table(_ roles: [RoleListing]) -> [String] {
        let rows = roles.map { role -> [String] in
            let inherited = role.confinedAs.map { $0 == role.name ? "" : " (as \($0))" } ?? ""
            return [
                role.name, role.level.rawValue, role.canLogIn ? "yes" : "no",
                (role.confinement?.sentence ?? "all") + inherited,
            ]
        }
        return Table.lines(
            rows, alignment: [.left, .left, .left, .left], header: ["ROLE", "LEVEL", "LOGS IN", "ACCOUNTS"])
    }

    private static func warning(_ role: RoleListing) -> String {
        "the confinement of \(role.name) does not hold: it can become \(role.escapes.joined(separator: ", ")), "
            + "which sees more; revoke that"
    }
}

struct RoleConfineCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "confine",
        abstract: "Let a role see and post to some of the accounts only, held by the database.",
        discussion: """
            A code may end in % and then stands for all codes that begin so. With codes and classes an account must
            match one of each. Giving the command again replaces the rule. Cash and suspense accounts stay in sight:
            they are the other side of deposits and withdrawals.
            """)

    @Argument(help: "The role: a person's, or that of a group.") var role: String
    @Option(
        name: .customLong("code"),
        help: ArgumentHelp(
            "An account code, or what codes begin with: 57%. Repeatable.", valueName: "pattern"))
    var codes: [String] = []
    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("asset, liability, equity, income or expense. Repeatable.", valueName: "class"))
    var classes: [AccountClass] = []
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if codes.isEmpty, classes.isEmpty {
            throw ValidationError("name the accounts with --code or --class; `bursar role free` lifts it")
        }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let confinement = try Confinement(
            codes: codes.map { try Confinement.Pattern($0) }, classes: classes)
        return try await withSession(context) { session in
            try await session.store.confine(role, to: confinement)
            context.output.changed(role, "is confined to \(confinement.sentence)")
            return .done
        }
    }
}

struct RoleFreeCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "free", abstract: "Let a confined role see all accounts again.")

    @Argument(help: "The role.") var role: String
    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        try await withSession(context) { session in
            try await session.store.free(role)
            context.output.changed(role, "sees all accounts")
            return .done
        }
    }
}

extension Output {
    fileprivate func changed(_ role: String, _ what: String) {
        if isJSON {
            json(.object([("outcome", .string("done")), ("role", .string(role))]))
        } else {
            line("\(role) \(what)")
        }
    }
}

extension JSONValue {
    fileprivate static func role(_ role: RoleListing) -> JSONValue {
        .object([
            ("role", .string(role.name)), ("level", .string(role.level.rawValue)),
            ("logs_in", .bool(role.canLogIn)), ("confined", .bool(role.confinement != nil)),
            ("confined_as", .optional(role.confinedAs)),
            ("codes", .array((role.confinement?.codes ?? []).map { .string($0.text) })),
            ("classes", .array((role.confinement?.classes ?? []).map { .string($0.rawValue) })),
            ("escapes", .array(role.escapes.map { .string($0) })),
        ])
    }
}
