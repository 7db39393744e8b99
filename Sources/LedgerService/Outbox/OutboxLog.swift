import Ledger

/// Where an outbox is written to.
protocol OutboxDisk {
    /// For messages.
    var path: String { get }
    func write(_ bytes: [UInt8], at offset: Int) throws(OutboxError)
    /// Returns when all that was written is there to stay.
    func synchronise() throws(OutboxError)
    /// Takes away what stands from here on, as far as that can be done.
    func cutOff(at offset: Int)
}

/// The lines of an outbox, one after the other until there are many, and then again from the front, over those that
/// count no more: each time round is a lap. The name of the ledger stands before them all and stays.
///
/// The file is never exchanged for a new one: whether that one's name has got to the disk nobody would know without
/// waiting for the directory, which takes longer than anything else here.
struct OutboxLog<Disk: OutboxDisk> {
    let disk: Disk
    let ledger: String
    private(set) var entries: [Reference: OutboxEntry] = [:]
    private var lap: Int64 = 0
    /// Where laps begin.
    private let front: Int
    /// Where the next line goes.
    private var end: Int
    /// Where the file ends. Between the two are zeros, which no line has, or lines that count no more.
    private var allocated: Int
    /// The length from which on another lap is worth what it takes.
    private var long: Int
    private let allocation: Int

    /// From a sixteenth of this on a file grows ahead of its lines, by so many bytes at a time: where a line takes the place
    /// of others, nothing but itself has to be put on the disk, which takes two thirds of the time.
    static var usualAllocation: Int { 1 << 20 }

    /// Begins one on a disk with nothing on it.
    init(_ ledger: String, on disk: Disk, allocation: Int = usualAllocation) throws(OutboxError) {
        self.disk = disk
        self.ledger = ledger
        self.allocation = allocation
        long = Self.long(allocation, carrying: 0)
        let name = OutboxLine(.ledger(ledger)).bytes
        try disk.write(name, at: 0)
        (front, end, allocated) = (name.count, name.count, name.count)
    }

    /// Goes on where another program has ended.
    /// - Parameter length: of the file.
    init(_ contents: OutboxContents, length: Int, on disk: Disk, allocation: Int = usualAllocation) {
        self.disk = disk
        self.allocation = allocation
        long = Self.long(allocation, carrying: 0)
        ledger = contents.ledger
        entries = contents.entries
        lap = contents.lap
        (front, end, allocated) = (contents.front, contents.end, length)
    }

    /// Adds entries, and waits until they are on the disk. Others are struck off with the same write.
    mutating func keep(_ new: [OutboxEntry], strikingOff told: [Reference] = []) throws(OutboxError) {
        let open = takeOff(told)
        try beginAnewIfLong()
        try append(open.map { .struckOff($0) } + new.map { .entry($0) })
        for entry in new { entries[entry.operation.reference] = entry }
        try disk.synchronise()
    }

    /// Not synchronised: an entry that comes back after a crash of the machine is asked about once more.
    mutating func strikeOff(_ references: [Reference]) throws(OutboxError) {
        let open = takeOff(references)
        if open.isEmpty { return }
        try beginAnewIfLong()
        try append(open.map { .struckOff($0) })
    }

    /// - Returns: those of them that were open.
    private mutating func takeOff(_ references: [Reference]) -> [Reference] {
        references.filter { entries.removeValue(forKey: $0) != nil }
    }

    private mutating func append(_ lines: [OutboxLine.Content]) throws(OutboxError) {
        let bytes = bytes(of: lines)
        guard end + bytes.count <= OutboxFile.maximumBytes else {
            throw OutboxError(disk.path, "too many operations wait for their outcomes")
        }
        do throws(OutboxError) {
            if end + bytes.count > allocated, end > allocation / 16 { try allocate(to: end + bytes.count) }
            try disk.write(bytes, at: end)
        } catch {
            // Half a line would run into the next one.
            disk.cutOff(at: end)
            allocated = end
            throw error
        }
        end += bytes.count
        allocated = max(allocated, end)
    }

    private mutating func allocate(to end: Int) throws(OutboxError) {
        let new = (end / allocation + 1) * allocation
        try disk.write([UInt8](repeating: 0, count: new - allocated), at: allocated)
        allocated = new
    }

    /// Begins another lap when the file has grown long.
    ///
    /// What is open goes along. It is put behind all else first, so that none of it stands where it is to go, and each
    /// step is on the disk before the next one takes away what it stood for.
    private mutating func beginAnewIfLong() throws(OutboxError) {
        guard end > long else { return }
        let open = entries.values.sorted { $0.begunAt < $1.begunAt }.map { OutboxLine.Content.entry($0) }
        let carried = bytes(of: open, lap: lap + 1)
        let mark = OutboxLine(.carriedOver, lap: lap + 1).bytes
        guard front + carried.count + mark.count <= end else {
            long = end + allocation
            return
        }
        if !open.isEmpty {
            try append(open)
            try disk.synchronise()
        }
        // Also where what follows fails: the mark may have got to the disk all the same.
        lap += 1
        if !open.isEmpty {
            try disk.write(carried, at: front)
            try disk.synchronise()
        }
        try disk.write(mark, at: front + carried.count)
        if !open.isEmpty { try disk.synchronise() }
        end = front + carried.count + mark.count
        long = Self.long(allocation, carrying: end)
    }

    /// Short of what was allocated, and long enough for a lap to be worth what it had to carry.
    private static func long(_ allocation: Int, carrying bytes: Int) -> Int { allocation / 8 * 7 + 2 * bytes }

    private func bytes(of lines: [OutboxLine.Content], lap: Int64? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * Self.usualBytes)
        for line in lines { OutboxLine(line, lap: lap ?? self.lap).append(to: &bytes) }
        return bytes
    }

    /// Room for most lines.
    private static var usualBytes: Int { 320 }
}
