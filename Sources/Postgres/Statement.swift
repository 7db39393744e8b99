/// A statement that is prepared on each connection when it is first used there.
///
/// The name is for logs, errors and the cache: two statements need two names. Parameters are `$1`, `$2`, …;
/// their types are those of the first call on a connection, and later calls must have the same.
public struct Statement: Hashable, Sendable {
    public let name: String
    public let sql: String

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    public static func == (left: Statement, right: Statement) -> Bool {
        left.name == right.name && left.sql == right.sql
    }

    // The name alone is hashed: names differ, and the text of a statement can be long.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A statement with its parameters.
public struct Query: Sendable {
    public let statement: Statement
    public let parameters: Parameters

    public init(_ statement: Statement, _ parameters: Parameters) {
        self.statement = statement
        self.parameters = parameters
    }

    public init(_ statement: Statement, _ parameters: [Parameter] = []) {
        self.init(statement, Parameters(parameters))
    }
}
