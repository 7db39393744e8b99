import ArgumentParser

/// The flags that every command takes.
struct CommonOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Connect to this server: a libpq connection string or URI.",
            discussion: "Also BURSAR_CONNECT, the settings file, or libpq's own PG* variables.",
            valueName: "dsn"))
    var connect: String?

    @Option(
        defaultAsFlag: "",
        help: ArgumentHelp("Use the private server in this directory.", valueName: "dir"))
    var embedded: String?

    @Option(help: ArgumentHelp("Read settings from this file.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Who acts; the user's name unless given.", valueName: "name"))
    var actor: String?

    @Option(
        help: ArgumentHelp(
            "The operation's unique name: sent again, it is posted once.", valueName: "ref"))
    var reference: String?

    @Option(help: ArgumentHelp("Free text to keep with the operation.", valueName: "text"))
    var narrative: String?

    @Option(help: ArgumentHelp("The day on which it counts, YYYY-MM-DD.", valueName: "date"))
    var valueDate: String?

    @Flag(help: "Print JSON, one object or one a line.")
    var json = false

    @Flag(help: "Say nothing but results and errors.")
    var quiet = false

    @Flag(help: "Print without colours.")
    var noColor = false

    @Option(help: ArgumentHelp("Give up after this many seconds.", valueName: "seconds"))
    var deadline: Double?

    @Option(help: ArgumentHelp("Give up after this many attempts.", valueName: "n"))
    var maxAttempts: Int?

    func validate() throws {
        if connect != nil, embedded != nil {
            throw ValidationError("--connect and --embedded name two ledgers; give one of them")
        }
        if let deadline, !(deadline > 0 && deadline <= 86_400) {
            throw ValidationError("--deadline takes seconds, more than 0 and at most 86400")
        }
        if let maxAttempts, !(1...1_000_000).contains(maxAttempts) {
            throw ValidationError("--max-attempts takes a number from 1 to 1000000")
        }
    }
}
