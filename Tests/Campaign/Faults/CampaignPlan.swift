/// What a campaign is to do; with its seed, the same faults at the same statements and much the same moments.
public struct CampaignPlan: Sendable {
    /// How long tellers post and faults happen, seconds; what comes after is looking back.
    public var seconds: Int
    public var seed: UInt64
    /// Programs of tellers at a time.
    public var programs: Int
    public var accounts: Int
    /// The part of all statements that meet a fault on their way, from 0 through 1.
    public var intensity: Double
    /// What happens to servers and programs.
    public var disasters: Set<Disaster>
    /// A bug that is put in on purpose, to see it found.
    public var sabotage: Sabotage?
    /// Where the tellers' logs and outboxes are kept; a new directory under /tmp when nil.
    public var directory: String?

    public init(
        seconds: Int, seed: UInt64, programs: Int = 3, accounts: Int = 6, intensity: Double = 0.03,
        disasters: Set<Disaster> = Set(Disaster.allCases), sabotage: Sabotage? = nil, directory: String? = nil
    ) {
        self.seconds = seconds
        self.seed = seed
        self.programs = programs
        self.accounts = accounts
        self.intensity = intensity
        self.disasters = disasters
        self.sabotage = sabotage
        self.directory = directory
    }
}

/// What is done to a whole server or program.
public enum Disaster: String, Sendable, CaseIterable {
    /// kill -9 of the postmaster and all its processes; it is started again.
    case serverKilled
    /// kill -9 of one session's process, after which the server throws out all the others.
    case backendKilled
    /// The server stands still for up to three seconds.
    case serverPaused
    /// No byte can be written to the server's data for up to two seconds.
    case diskFull
    /// The server is lost for good, and its synchronous standby takes over.
    case failOver
    /// kill -9 of a program of tellers; another one takes its place.
    case programKilled

    /// How often it happens, compared with the others.
    var weight: Int {
        switch self {
        case .serverKilled, .serverPaused: 3
        case .backendKilled: 4
        case .diskFull: 2
        case .failOver: 1
        case .programKilled: 8
        }
    }
}
