/// One client's session with its server, as it passes through the proxy: told what comes from either side, it
/// says what to write to which, what to wait for and when to close. It does no I/O and knows no clock.
///
/// Messages of the client are gathered in *units*: what ends with an Execute, a simple Query, or a startup
/// packet. A rule is asked once for each unit, before anything of the unit is passed on. What a fault does to
/// the answer is a plan that waits until the first message of the unit's answer comes.
struct ProxySession {
    /// What is to be done; bytes first, the end last.
    struct Effects {
        enum Connection: Equatable {
            case session
            /// To where the session with this key lives.
            case cancel(BackendKey)
        }

        var toServer: [UInt8] = []
        var toClient: [UInt8] = []
        var connection: Connection?
        /// `alarm(_:)` is to be called after this time, once for each.
        var alarms: [(alarm: Alarm, after: Duration)] = []
        /// Measures for the whole proxy.
        var measures: [ImmediateFault] = []
        /// The client's side is to be closed; the server's goes on.
        var leavesClient = false
        /// Both sides are to be closed when what was to be written has been.
        var ends = false
        /// Something came that is not the protocol; goes with `ends`.
        var isRejected = false
    }

    enum Alarm: Hashable, Sendable {
        case resume(Flow)
        case endDrop(Flow)
    }

    enum Stage { case startup, open, cancelling, over }

    /// What becomes of the client's messages.
    enum RequestFate {
        case passed
        /// As a server does after an error.
        case discardedToSync
        /// Nothing is passed on any more.
        case discarded
        case dropped
    }

    /// What a fault wants done when the group's last message has been passed on.
    enum AtSync { case nothing, discardRest, leaveClient }

    /// What waits for the answer of a unit.
    enum AnswerPlan {
        case delay(Duration)
        case cutWhenReady
        case errorWhenReady(ErrorForm)
        /// The unit was replaced by messages of the proxy, and this stands for their answer.
        case errorInPlace(ErrorForm)
        case cutAfter(Int)
        case drop(Duration?)
        case rewrite([ColumnRewrite])
        case mangle(seed: UInt64)
    }

    /// What becomes of the server's messages.
    enum AnswerMode {
        case passed
        case swallowed(thenError: ErrorForm?)
        case cutAfter(Int)
        case mangled(Mangler)
        case dropped
    }

    /// The messages of a unit that is not complete, or not to be passed on yet.
    struct Held {
        var bytes: [UInt8] = []
        var parts: [(type: UInt8, range: Range<Int>)] = []
        /// A rule has been asked.
        var isDecided = false
    }

    var stage = Stage.startup
    var role = Role(user: "", application: "")
    var connection = 0
    var statement = 0
    private(set) var key: BackendKey?

    var requests = Framer(isTyped: false)
    var answers = Framer(isTyped: true)
    var held = Held()
    var due = AnswerQueue()
    var book = StatementBook()
    var lastUnit: UInt32 = 0
    var plans: [UInt32: AnswerPlan] = [:]
    var fate = RequestFate.passed
    var atSync = AtSync.nothing
    var mode = AnswerMode.passed
    var pausedRequests = 0
    var pausedAnswers = 0
    var parameterValues: [String: String] = [:]
    var isClientGone = false
    var isServerGone = false

    /// Whether more bytes of the client are wanted now.
    var wantsRequests: Bool {
        stage != .over && stage != .cancelling && pausedRequests == 0 && due.count < Limits.answersDue
    }

    /// Whether more bytes of the server are wanted now.
    var wantsAnswers: Bool { stage != .over && pausedAnswers == 0 }

    /// Whether the client's bytes go nowhere, so that no server is needed to take them.
    var absorbsRequests: Bool { fate == .dropped || fate == .discarded }

    /// Whether the answer to a statement is what comes next, or is coming.
    var isAnswerUnderWay: Bool { due.isExecuting }

    // MARK: What happens

    mutating func received(fromClient bytes: [UInt8], _ rules: inout RuleBook) -> Effects {
        var effects = Effects()
        guard stage != .over else { return effects }
        requests.append(bytes)
        pumpRequests(&rules, &effects)
        return effects
    }

    mutating func received(fromServer bytes: [UInt8], _ rules: inout RuleBook) -> Effects {
        var effects = Effects()
        guard stage != .over else { return effects }
        guard stage != .cancelling else {
            effects.toClient = bytes
            return effects
        }
        answers.append(bytes)
        pumpAnswers(&effects)
        // There may be room for answers again.
        pumpRequests(&rules, &effects)
        if isClientGone { clientIsGone(&effects) }
        return effects
    }

    mutating func alarm(_ alarm: Alarm, _ rules: inout RuleBook) -> Effects {
        var effects = Effects()
        guard stage != .over else { return effects }
        switch alarm {
        case .resume(.request):
            pausedRequests -= 1
            if pausedRequests == 0, held.isDecided { passHeld(plan: nil, &effects) }
        case .resume(.answer):
            pausedAnswers -= 1
        case .endDrop(.request):
            if fate == .dropped { fate = .passed }
        case .endDrop(.answer):
            if case .dropped = mode { mode = .passed }
        }
        pumpAnswers(&effects)
        pumpRequests(&rules, &effects)
        if isClientGone { clientIsGone(&effects) }
        if isServerGone { serverIsGone(&effects) }
        return effects
    }

    /// The client has closed. What it sent before still reaches the server, late if a fault says so.
    mutating func clientClosed() -> Effects {
        var effects = Effects()
        isClientGone = true
        clientIsGone(&effects)
        return effects
    }

    /// The server has closed. What it sent before still reaches the client.
    mutating func serverClosed() -> Effects {
        var effects = Effects()
        isServerGone = true
        serverIsGone(&effects)
        return effects
    }

    /// Both directions stand still for a time.
    mutating func freeze(_ duration: Duration) -> Effects {
        var effects = Effects()
        guard stage != .over else { return effects }
        pause(.request, duration, &effects)
        pause(.answer, duration, &effects)
        return effects
    }

    /// A new script: the numbers begin anew.
    mutating func renumber(_ number: Int) {
        connection = number
        statement = 0
    }

    // MARK: Means

    mutating func pause(_ flow: Flow, _ duration: Duration, _ effects: inout Effects) {
        if flow == .request { pausedRequests += 1 } else { pausedAnswers += 1 }
        effects.alarms.append((.resume(flow), duration))
    }

    mutating func end(_ effects: inout Effects) {
        stage = .over
        effects.ends = true
    }

    mutating func reject(_ effects: inout Effects) {
        effects.isRejected = true
        end(&effects)
    }

    mutating func learn(_ key: BackendKey) { self.key = key }

    /// Whether the server's answers are read although the client's side was closed by a fault. A client that died
    /// before its Sync leaves a server that would wait for the rest.
    private var isDetached: Bool {
        guard atSync == .nothing else { return false }
        if case .swallowed = mode { return true }
        return plans.values.contains { if case .cutWhenReady = $0 { true } else { false } }
    }

    private mutating func clientIsGone(_ effects: inout Effects) {
        guard stage != .over, pausedRequests == 0, !isDetached else { return }
        end(&effects)
    }

    private mutating func serverIsGone(_ effects: inout Effects) {
        guard stage != .over, pausedAnswers == 0 else { return }
        if case .passed = mode { effects.toClient.append(contentsOf: answers.takeRest()) }
        end(&effects)
    }
}
