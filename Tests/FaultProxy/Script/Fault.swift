/// The two directions of a connection.
public enum Flow: String, Sendable, Hashable {
    /// From the client to the server.
    case request
    /// From the server to the client.
    case answer
}

/// Another value for a column of a row.
public struct ColumnRewrite: Sendable, Equatable {
    /// Counted from 0. A column that the row does not have is left out.
    public let column: Int
    /// In the format that the client asked for; nil is NULL.
    public let bytes: [UInt8]?

    public init(column: Int, bytes: [UInt8]?) {
        self.column = column
        self.bytes = bytes
    }

    /// Text, which is the same in text and binary format.
    public init(column: Int, text: String) {
        self.init(column: column, bytes: Array(text.utf8))
    }
}

/// Which connections are refused: accepted and closed before anything is read from them, which is what a
/// client sees of a server that dies at that moment.
public enum Refusal: Sendable, Equatable {
    case next(Int)
    case lasting(Duration)
}

/// What is done to a connection.
///
/// A rule applies it to a statement or to the startup of a connection. A statement is an Execute together
/// with the Parse, Bind and Describe messages that come just before it, or a simple Query. Its *group* is
/// everything up to the next Sync; a Query is a group of its own. At startup, the startup packet takes the
/// place of the statement, and the answer ends with the first ReadyForQuery.
public enum Fault: Sendable, Equatable {
    /// One direction stands still for a time, before the statement is passed on or before its answer is. A
    /// request is passed on in the end also when the client has gone meanwhile: such are late commits.
    case delay(Flow, Duration)
    /// The connection is closed; nothing of the statement has reached the server. What came before it in its
    /// group has, without a Sync.
    case cutBeforeServer
    /// The whole group is passed on, its Sync included. If `awaitingAnswer`, the connection is closed when
    /// the server has answered to the end, so that whatever the group did is done by then; else the client's
    /// side is closed at once. Nothing of the answer from the statement on is passed on.
    case cutAfterServer(awaitingAnswer: Bool)
    /// The connection is closed after so many bytes of the answer from the statement on; after its
    /// ReadyForQuery at the latest.
    case cutMidAnswer(bytes: Int)
    /// Both directions stand still for a time, the connection stays open. As with `delay`, what was underway
    /// arrives afterwards.
    case freeze(Duration)
    /// The statement is not executed and fails with this error. The rest of the group is skipped, and an open
    /// transaction has failed, as after any error; COMMIT in a transaction block ends it with a rollback.
    ///
    /// A Parse that comes with the statement is executed. In the place of the rest the server gets a
    /// statement that it cannot parse (or ROLLBACK for COMMIT), so that its state is what the client is told.
    case answer(ErrorForm)
    /// The whole group is executed; then its answer from the statement on is replaced by this error. In a
    /// transaction block the client is told that it has failed while at the server it goes on: only ROLLBACK
    /// brings them together again.
    case answerAfterServer(ErrorForm)
    /// Messages of the client are thrown away from the statement on, for a time or, if nil, for ever.
    case dropClientToServer(Duration?)
    /// Messages of the server are thrown away from the statement's answer on, for a time or, if nil, for
    /// ever.
    case dropServerToClient(Duration?)
    /// New connections are refused; the one that this was decided for as well, if it is at its startup.
    case refuseConnections(Refusal)
    /// All connections are cut after `up`, and new ones refused for `down`, so many times.
    case flap(up: Duration, down: Duration, cycles: Int)
    /// Values of the first row of the statement's answer are replaced.
    case rewriteAnswer([ColumnRewrite])
    /// What the server reports of its settings is replaced, from now on: `server_version` and such.
    case rewriteParameters([String: String])
    /// Bytes of the answer from the statement on are flipped, cut out, put in, lengths changed. What is done
    /// follows from the seed, the numbers of connection and statement, and the answer's bytes.
    case mangle(seed: UInt64)

    /// A refusal of the startup with an error of the server; its severity is made FATAL.
    public static func answerStartup(_ form: ErrorForm) -> Fault { .answer(form.fatal) }

    public var kind: FaultKind {
        switch self {
        case .delay(.request, _): .delayRequest
        case .delay(.answer, _): .delayAnswer
        case .cutBeforeServer: .cutBeforeServer
        case .cutAfterServer: .cutAfterServer
        case .cutMidAnswer: .cutMidAnswer
        case .freeze: .freeze
        case .answer: .answer
        case .answerAfterServer: .answerAfterServer
        case .dropClientToServer: .dropClientToServer
        case .dropServerToClient: .dropServerToClient
        case .refuseConnections: .refuseConnections
        case .flap: .flap
        case .rewriteAnswer: .rewriteAnswer
        case .rewriteParameters: .rewriteParameters
        case .mangle: .mangle
        }
    }
}

/// Faults without their particulars, for counting.
public enum FaultKind: String, Sendable, Hashable, CaseIterable {
    case delayRequest, delayAnswer, cutBeforeServer, cutAfterServer, cutMidAnswer, freeze, answer,
        answerAfterServer, dropClientToServer, dropServerToClient, refuseConnections, flap, rewriteAnswer,
        rewriteParameters, mangle, rewriteStatement, cutAll, freezeAll
}

/// What is done to all connections at once, by hand.
public enum ImmediateFault: Sendable, Equatable {
    /// Closes every connection on both sides.
    case cutAll
    /// Both directions of every connection stand still; connections made later are not affected.
    case freezeAll(Duration)
    case refuse(Refusal)
    case flap(up: Duration, down: Duration, cycles: Int)
    /// Ends refusing and flapping, and what stands still or is thrown away for a time: delays, freezes,
    /// drops.
    case heal
}
