/// What one round trip asks of the server.
enum Request: Sendable {
    /// Prepared statements in one implicit transaction, up to one Sync.
    case queries([Query])
    /// Several statements in one text, simple protocol.
    case script(String)
}

/// How a transaction that was left open ends: by either of these.
public struct Closing: Sendable {
    public let commit: Query
    public let rollback: Query

    public init(commit: Query, rollback: Query) {
        self.commit = commit
        self.rollback = rollback
    }
}

/// The progress of one round trip, without I/O: it is told what libpq hands out and says what to do next.
///
/// The server answers in the order of the steps. The first error makes it skip everything up to the next Sync,
/// and libpq reports each skipped step as aborted.
struct Exchange {
    enum Step: Equatable {
        /// Drop a prepared statement that is no longer wanted; its failure matters to nobody.
        case discard
        /// Prepare the statement of the query with this index.
        case prepare(Int)
        /// Bind and execute the query with this index.
        case execute(Int)
        /// End of a group; everything before it since the last one is committed or rolled back.
        case sync
        /// A text of several statements; ends with the end of its results.
        case script
    }

    /// The first error, and what it was about.
    struct Failure {
        let error: PostgresError
        let step: Step
        /// The statement has to be prepared anew.
        let isStale: Bool
    }

    enum Answer {
        case rows(Rows)
        case completed
        case failed(PostgresError, ServerMessage.Consequence)
        case skipped
        case synced
        /// libpq's NULL: the step has no more results.
        case end
        case unexpected(String)
    }

    enum Action {
        case wait
        /// A statement is now prepared: the one of the query with this index.
        case prepared(Int)
        case finished(Result<[Rows], PostgresError>)
        /// Nothing that comes from this connection can be trusted or awaited any more.
        case broken(PostgresError)
    }

    private var steps: [Step]
    private var statements: [String]
    /// Whether there are steps to come that have not been sent.
    private var isOpen: Bool
    private var position = 0
    private var rows: [Rows] = []
    private(set) var failure: Failure?
    /// Ends in a row without a step to end; a few are harmless, an endless run of them would be a busy loop.
    private var idleEnds = 0

    init(steps: [Step], statements: [String], isOpen: Bool = false) {
        self.steps = steps
        self.statements = statements
        self.isOpen = isOpen
        rows.reserveCapacity(statements.count)
    }

    /// The rest has been sent.
    mutating func close(with steps: [Step], statement: String) {
        self.steps += steps
        statements.append(statement)
        isOpen = false
    }

    /// The step whose answers are being read.
    var step: Step? { position < steps.count ? steps[position] : nil }

    /// The name of the statement that the step belongs to.
    var statementName: String? { step.flatMap(name) }

    var lastStatementName: String? { statements.last }

    mutating func receive(_ answer: Answer) -> Action {
        guard position < steps.count else {
            return .broken(.violation("an answer to a question that was not asked"))
        }
        let step = steps[position]
        switch answer {
        case .end:
            return end(of: step)
        case .synced:
            guard step == .sync else {
                return .broken(.violation("a Sync out of turn", statement: name(step)))
            }
            position += 1
            return position == steps.count && !isOpen ? finish() : .wait
        case .failed(let error, let consequence):
            return fail(error.naming(name(step)), consequence, at: step)
        case .skipped:
            return .wait
        case .rows(let answer):
            if case .execute = step { rows.append(answer) }
            return .wait
        case .completed:
            if case .prepare(let index) = step { return .prepared(index) }
            return .wait
        case .unexpected(let what):
            return .broken(.violation(what, statement: name(step)))
        }
    }

    /// The connection broke before the last Sync was answered: what is to be told about it.
    func lost(_ cause: PostgresError) -> PostgresError {
        // An error that the server sent for the failed group is an outcome, unless the server hung up with it.
        failure?.error ?? cause.naming(name(position < steps.count ? steps[position] : .sync))
    }

    private mutating func end(of step: Step) -> Action {
        switch step {
        case .sync:
            idleEnds += 1
            return idleEnds > 8 ? .broken(.violation("the server's answers do not end")) : .wait
        case .script:
            position += 1
            return finish()
        case .discard, .prepare, .execute:
            position += 1
            return .wait
        }
    }

    private mutating func fail(
        _ error: PostgresError, _ consequence: ServerMessage.Consequence, at step: Step
    ) -> Action {
        if consequence == .sessionEnds { return .broken(error) }
        if step == .discard { return .wait }
        if failure == nil {
            failure = Failure(error: error, step: step, isStale: consequence == .staleStatement)
        }
        return .wait
    }

    private func finish() -> Action {
        if let failure { return .finished(.failure(failure.error)) }
        guard rows.count == statements.count else {
            return .broken(.violation("\(rows.count) answers to \(statements.count) statements"))
        }
        return .finished(.success(rows))
    }

    private func name(_ step: Step) -> String? {
        switch step {
        case .prepare(let index), .execute(let index): statements[index]
        case .discard, .sync: statements.count == 1 ? statements[0] : nil
        case .script: nil
        }
    }
}
