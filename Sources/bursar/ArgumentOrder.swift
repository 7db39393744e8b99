/// The command line in the form that the argument parser reads.
///
/// Two things that people write it does not take: flags before the name of the command, and a negative number
/// as an argument, which it takes for a flag. The flags move behind, the number to the end after `--`.
/// - Parameter commands: the names of all commands.
func normalized(_ arguments: [String], commands: Set<String>) -> [String] {
    var leading: [String] = []
    var rest = arguments[...]
    while let flag = rest.first, flag.hasPrefix("--"), flag != "--", !helpFlags.contains(flag) {
        leading.append(rest.removeFirst())
        let mayHaveValue = rest.first.map { !$0.hasPrefix("-") && !commands.contains($0) } ?? false
        if valueFlags.contains(flag) || flag == "--embedded" && mayHaveValue, let value = rest.popFirst() {
            leading.append(value)
        }
    }
    guard let name = rest.first, commands.contains(name), !leading.isEmpty else {
        return withNegativeNumbersLast(arguments)
    }
    // A group such as `account` or `role` has its flags behind its own command.
    let words = name == "account" || name == "role" ? 2 : 1
    return withNegativeNumbersLast(rest.prefix(words) + leading + rest.dropFirst(words))
}

private func withNegativeNumbersLast(_ arguments: [String]) -> [String] {
    if arguments.contains("--") { return arguments }
    var kept: [String] = []
    var numbers: [String] = []
    for argument in arguments {
        if isNegativeNumber(argument), kept.last.map({ !amountFlags.contains($0) }) ?? true {
            numbers.append(argument)
        } else {
            kept.append(argument)
        }
    }
    return numbers.isEmpty ? arguments : kept + ["--"] + numbers
}

private func isNegativeNumber(_ argument: String) -> Bool {
    let bytes = Array(argument.utf8.prefix(2))
    return bytes.count == 2 && bytes[0] == UInt8(ascii: "-") && (48...57).contains(bytes[1])
}

private let helpFlags: Set<String> = ["--help", "--version", "--generate-completion-script"]

/// Common flags that take a value; `--embedded` may.
private let valueFlags: Set<String> = [
    "--connect", "--config", "--actor", "--reference", "--narrative", "--value-date", "--deadline",
    "--max-attempts",
]

/// Flags whose value may be negative.
private let amountFlags: Set<String> = ["--minimum", "--amount"]
