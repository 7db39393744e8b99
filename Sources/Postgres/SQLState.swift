/// A five-character SQLSTATE code, as PostgreSQL's manual lists them in its appendix "PostgreSQL Error Codes".
///
/// It is a struct and not an enum, because a server may send codes that this program has never heard of.
public struct SQLState: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The code: five characters, digits and upper-case letters, when it comes from a server.
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(stringLiteral value: StaticString) {
        self.rawValue = value.description
    }

    public var description: String { rawValue }

    /// Whether the code is of class 08.
    ///
    /// Note that 08P01 with severity ERROR is also what PostgreSQL says to a wrong number of parameters; such
    /// an error comes as `PostgresError.Kind.protocolViolation`, and nothing was executed.
    public var isConnectionException: Bool { rawValue.utf8.starts(with: "08".utf8) }

    /// Whether the code is of class 53: the server is short of disk, memory, connections or something else.
    public var isShortage: Bool { rawValue.utf8.starts(with: "53".utf8) }

    /// Whether the code is of class XX or 58: an error of the server itself or of the system that it runs on.
    public var isInternal: Bool {
        rawValue.utf8.starts(with: "XX".utf8) || rawValue.utf8.starts(with: "58".utf8)
    }
}

extension SQLState {
    // Class 08: the connection.
    public static let connectionException: SQLState = "08000"
    public static let sqlClientUnableToEstablishConnection: SQLState = "08001"
    public static let connectionDoesNotExist: SQLState = "08003"
    public static let sqlServerRejectedConnection: SQLState = "08004"
    public static let connectionFailure: SQLState = "08006"
    public static let protocolViolation: SQLState = "08P01"

    // Class 0A: not supported; also "cached plan must not change result type".
    public static let featureNotSupported: SQLState = "0A000"

    // Class 22: data.
    public static let stringDataRightTruncation: SQLState = "22001"
    public static let numericValueOutOfRange: SQLState = "22003"
    public static let divisionByZero: SQLState = "22012"
    public static let invalidTextRepresentation: SQLState = "22P02"
    public static let invalidBinaryRepresentation: SQLState = "22P03"
    public static let characterNotInRepertoire: SQLState = "22021"

    // Class 23: integrity constraints.
    public static let notNullViolation: SQLState = "23502"
    public static let foreignKeyViolation: SQLState = "23503"
    public static let uniqueViolation: SQLState = "23505"
    public static let checkViolation: SQLState = "23514"
    public static let exclusionViolation: SQLState = "23P01"

    // Class 25: transaction state.
    public static let activeTransaction: SQLState = "25001"
    public static let readOnlyTransaction: SQLState = "25006"
    public static let inFailedTransaction: SQLState = "25P02"
    public static let idleInTransactionTimeout: SQLState = "25P03"

    // Classes 26, 28, 3D, 3F: names and who may connect.
    public static let invalidStatementName: SQLState = "26000"
    public static let invalidAuthorization: SQLState = "28000"
    public static let invalidPassword: SQLState = "28P01"
    public static let invalidCatalogName: SQLState = "3D000"
    public static let invalidSchemaName: SQLState = "3F000"

    // Class 40: the transaction was rolled back.
    public static let transactionRollback: SQLState = "40000"
    public static let serializationFailure: SQLState = "40001"
    public static let statementCompletionUnknown: SQLState = "40003"
    public static let deadlockDetected: SQLState = "40P01"

    // Class 42: the text of a statement, names and rights.
    public static let insufficientPrivilege: SQLState = "42501"
    public static let syntaxError: SQLState = "42601"
    public static let undefinedColumn: SQLState = "42703"
    public static let undefinedFunction: SQLState = "42883"
    public static let undefinedTable: SQLState = "42P01"
    public static let duplicateDatabase: SQLState = "42P04"
    public static let duplicatePreparedStatement: SQLState = "42P05"
    public static let duplicateSchema: SQLState = "42P06"
    public static let duplicateTable: SQLState = "42P07"
    public static let duplicateObject: SQLState = "42710"
    public static let indeterminateDatatype: SQLState = "42P18"

    // Classes 53, 54, 55, 57, 58, 72, XX: resources, the operator, the system.
    public static let insufficientResources: SQLState = "53000"
    public static let diskFull: SQLState = "53100"
    public static let outOfMemory: SQLState = "53200"
    public static let tooManyConnections: SQLState = "53300"
    public static let programLimitExceeded: SQLState = "54000"
    public static let objectInUse: SQLState = "55006"
    public static let lockNotAvailable: SQLState = "55P03"
    public static let queryCanceled: SQLState = "57014"
    public static let adminShutdown: SQLState = "57P01"
    public static let crashShutdown: SQLState = "57P02"
    public static let cannotConnectNow: SQLState = "57P03"
    public static let databaseDropped: SQLState = "57P04"
    public static let idleSessionTimeout: SQLState = "57P05"
    public static let systemError: SQLState = "58000"
    public static let ioError: SQLState = "58030"
    public static let snapshotTooOld: SQLState = "72000"
    public static let internalError: SQLState = "XX000"
    public static let dataCorrupted: SQLState = "XX001"
}
