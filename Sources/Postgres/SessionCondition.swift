extension Session {
    /// What others may know without asking the loop.
    enum Condition: UInt8 {
        /// Usable, and no transaction is open.
        case idle
        /// Usable, and a transaction is open, or has failed and waits for its ROLLBACK.
        case inTransaction
        case dead
    }

    /// What an error of the server says about lending the connection to somebody else.
    enum Retirement: UInt8 {
        case none
        /// The server is going away or not there yet (57P01, 57P02, 57P03): connect anew.
        case connection
        /// The server takes no writes (25006): it is a standby, and so it is to all who connected to it before.
        /// Whoever connects anew goes through every host of the settings.
        case server
    }

    /// Why the server was asked to cancel.
    enum CancelReason: Sendable {
        case deadline
        case request

        var kind: PostgresError.Kind { self == .deadline ? .deadlineExceeded : .cancelled }
    }
}
