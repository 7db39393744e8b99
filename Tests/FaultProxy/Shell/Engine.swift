import NIOCore
import NIOPosix

/// All of a proxy that changes, on its event loop.
final class Engine {
    let loop: any EventLoop
    var rules = RuleBook(.none, generation: 1)
    var upstream: ServerAddress
    private var links: [UInt64: Link] = [:]
    private var lastLink: UInt64 = 0
    private var refusals = 0
    private var refusedUntil = NIODeadline.uptimeNanoseconds(0)
    private var flapping: Scheduled<Void>?
    private var flapTurn = 0

    init(upstream: ServerAddress, loop: any EventLoop) {
        self.upstream = upstream
        self.loop = loop
    }

    // MARK: Connections

    var openConnections: Int { links.count }

    /// Takes a client, or closes its channel.
    func accept(_ channel: any Channel) -> Link? {
        if links.count >= Limits.connections {
            rules.journal.rejected += 1
            return nil
        }
        if refusals > 0 || NIODeadline.now() < refusedUntil {
            refusals = max(0, refusals - 1)
            rules.journal.refused += 1
            return nil
        }
        lastLink += 1
        let link = Link(number: lastLink, client: channel, engine: self)
        links[lastLink] = link
        link.watch(channel, .client)
        return link
    }

    func forget(_ link: Link) { links[link.number] = nil }

    /// Connects a link to its server; if there is none, its client sees a closed connection.
    func connect(_ link: Link, for purpose: ProxySession.Effects.Connection) {
        let address: ServerAddress
        switch purpose {
        case .session: address = upstream
        case .cancel(let key): address = links.values.first { $0.session.key == key }?.address ?? upstream
        }
        let bound = NIOLoopBound(link, eventLoop: loop)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    channel.keepToItself()
                    try channel.pipeline.syncOperations.addHandler(LinkHandler(.server, bound.value))
                }
            }
        let connecting =
            switch address {
            case .unixSocket(let directory, let port):
                bootstrap.connect(unixDomainSocketPath: ServerAddress.socketPath(directory, port: port))
            case .tcp(let host, let port):
                bootstrap.connect(host: host, port: port)
            }
        connecting.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): link.connected(to: channel, at: address)
            case .failure: link.cut()
            }
        }
    }

    // MARK: Measures

    func set(_ script: FaultScript) {
        rules = RuleBook(script, generation: rules.generation + 1, journal: rules.journal)
        for number in links.keys.sorted() { links[number]?.renumber() }
    }

    func take(_ measure: ImmediateFault) {
        switch measure {
        case .cutAll: cutAll()
        case .freezeAll(let duration): for link in links.values { link.freeze(duration) }
        case .refuse(.next(let count)): refusals = max(0, count)
        case .refuse(.lasting(let duration)): refusedUntil = .now() + TimeAmount(duration)
        case .flap(let up, let down, let cycles): flap(up, down, cycles)
        case .heal:
            refusals = 0
            refusedUntil = .now()
            stopFlapping()
            for link in Array(links.values) { link.thaw() }
        }
    }

    func stop() {
        take(.heal)
        cutAll()
    }

    private func cutAll() {
        for link in Array(links.values) { link.cut() }
    }

    private func flap(_ up: Duration, _ down: Duration, _ cycles: Int) {
        guard cycles > 0 else { return }
        flapLater(up) {
            $0.take(.refuse(.lasting(down)))
            $0.cutAll()
            $0.flapLater(down) { $0.flap(up, down, cycles - 1) }
        }
    }

    private func flapLater(_ time: Duration, _ action: @escaping (Engine) -> Void) {
        stopFlapping()
        let turn = flapTurn
        flapping = loop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
            // What is due in the same turn of the loop as its cancelling runs nevertheless.
            guard let self, self.flapTurn == turn else { return }
            action(self)
        }
    }

    private func stopFlapping() {
        flapTurn += 1
        flapping?.cancel()
        flapping = nil
    }
}

extension ImmediateFault {
    /// What the journal calls it; nil for what is no fault.
    var kind: FaultKind? {
        switch self {
        case .cutAll: .cutAll
        case .freezeAll: .freezeAll
        case .refuse: .refuseConnections
        case .flap: .flap
        case .heal: nil
        }
    }
}
