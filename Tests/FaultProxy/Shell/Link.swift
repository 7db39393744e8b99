import NIOCore

/// A client's channel, the server's channel that belongs to it, and the session between them. All of it lives
/// on the proxy's event loop.
final class Link {
    /// When the client has gone, what it had asked for has this long to be done.
    static let drainTime = TimeAmount.seconds(60)
    /// Bytes that the other side does not take have this long to go before a connection is closed over them.
    static let flushTime = TimeAmount.seconds(5)

    let number: UInt64
    private unowned let engine: Engine
    private(set) var session = ProxySession()
    private var client: (any Channel)?
    private var server: (any Channel)?
    /// Where the session's server is: requests to cancel have to go there.
    private(set) var address: ServerAddress?
    /// For the server when it is connected; the client is not read from before.
    private var early: [UInt8] = []
    private var timers: [UInt64: Scheduled<Void>] = [:]
    private var lastTimer: UInt64 = 0
    /// What those timers are for that a fault has set.
    private var alarms: [UInt64: ProxySession.Alarm] = [:]
    private var isEnding = false

    init(number: UInt64, client: any Channel, engine: Engine) {
        self.number = number
        self.client = client
        self.engine = engine
    }

    // MARK: What happens

    func read(_ side: Side, _ bytes: [UInt8]) {
        switch side {
        case .client: perform(session.received(fromClient: bytes, &engine.rules))
        case .server: perform(session.received(fromServer: bytes, &engine.rules))
        }
    }

    /// Watches for the end of a channel. A channel that is closed before it was active never becomes
    /// inactive: only its future tells.
    func watch(_ channel: any Channel, _ side: Side) {
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.closed(side) }
    }

    private func closed(_ side: Side) {
        switch side {
        case .client:
            client = nil
            if !isEnding { after(Self.drainTime) { $0.end() } }
            perform(session.clientClosed())
        case .server:
            server = nil
            perform(session.serverClosed())
        }
        finishIfClosed()
    }

    /// Asks for more bytes, from the sides that may be read from now.
    func pull() {
        guard !isEnding else { return }
        let isTaken = server?.isWritable ?? (session.stage == .startup || session.absorbsRequests)
        if session.wantsRequests, isTaken { client?.read() }
        if session.wantsAnswers, client?.isWritable ?? true { server?.read() }
    }

    // MARK: From the engine

    func freeze(_ duration: Duration) { perform(session.freeze(duration)) }

    /// What waits for its time has waited long enough.
    func thaw() {
        for (timer, alarm) in alarms.sorted(by: { $0.key < $1.key }) {
            timers.removeValue(forKey: timer)?.cancel()
            alarms[timer] = nil
            ring(alarm)
        }
    }

    func renumber() {
        if session.connection > 0 { session.renumber(engine.rules.nextConnection()) }
    }

    /// Closes both sides now.
    func cut() {
        isEnding = true
        cancelTimers()
        client?.hangUp()
        server?.hangUp()
        finishIfClosed()
    }

    func connected(to channel: any Channel, at address: ServerAddress) {
        guard !isEnding else { return channel.hangUp() }
        server = channel
        watch(channel, .server)
        self.address = address
        write(early, to: channel)
        early = []
        pull()
    }

    // MARK: Effects

    private func perform(_ effects: ProxySession.Effects) {
        if !effects.toServer.isEmpty {
            if let server { write(effects.toServer, to: server) } else { early += effects.toServer }
        }
        if !effects.toClient.isEmpty, let client { write(effects.toClient, to: client) }
        for measure in effects.measures { engine.take(measure) }
        for (alarm, duration) in effects.alarms {
            let timer = after(TimeAmount(duration)) { $0.ring(alarm) }
            alarms[timer] = alarm
        }
        if effects.isRejected { engine.rules.journal.rejected += 1 }
        if let connection = effects.connection, !effects.ends { engine.connect(self, for: connection) }
        if effects.leavesClient { client?.hangUp() }
        if effects.ends { end() } else { pull() }
    }

    private func ring(_ alarm: ProxySession.Alarm) { perform(session.alarm(alarm, &engine.rules)) }

    /// Closes both sides when they have taken what was written to them.
    private func end() {
        guard !isEnding else { return }
        isEnding = true
        cancelTimers()
        after(Self.flushTime) { $0.cut() }
        for channel in [client, server].compactMap({ $0 }) {
            // Writes end in order: after an empty one there is nothing left to write.
            let flushed = channel.writeAndFlush(channel.allocator.buffer(capacity: 0))
            flushed.whenComplete { _ in channel.hangUp() }
        }
        finishIfClosed()
    }

    private func write(_ bytes: [UInt8], to channel: any Channel) {
        guard !bytes.isEmpty else { return }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    private func finishIfClosed() {
        guard client == nil, server == nil else { return }
        // The server may still be on its way; what comes is closed.
        if isEnding || early.isEmpty {
            isEnding = true
            cancelTimers()
            engine.forget(self)
        }
    }

    @discardableResult
    private func after(_ time: TimeAmount, _ action: @escaping (Link) -> Void) -> UInt64 {
        lastTimer += 1
        let timer = lastTimer
        timers[timer] = engine.loop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            // A timer that is due in the same turn of the loop as its cancelling goes off nevertheless.
            guard let self, self.timers.removeValue(forKey: timer) != nil else { return }
            self.alarms[timer] = nil
            action(self)
        }
        return timer
    }

    private func cancelTimers() {
        for timer in timers.values { timer.cancel() }
        timers = [:]
        alarms = [:]
    }
}

enum Side: Sendable { case client, server }

/// Hands what happens to a channel to its link.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let side: Side
    private let link: Link

    init(_ side: Side, _ link: Link) {
        self.side = side
        self.link = link
    }

    func channelActive(context: ChannelHandlerContext) {
        link.pull()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.read(side, Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        link.pull()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        link.pull()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
