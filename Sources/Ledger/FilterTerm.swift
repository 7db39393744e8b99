/// A filter that is written as terms, which spaces set apart: fields with a value, and words. All terms must hold.
///
/// Every text is a filter. One with a term of a known field whose value is not understood holds for nothing, and
/// says why; a word that only looks like a field is a word, since codes and names may have colons.
public protocol TermFilter: Hashable, Sendable {
    /// The fields as they are written, with their sign: `status:`, `balance<`.
    static var fields: [String] { get }

    /// What is to be found somewhere in the texts, in either case.
    var words: [String] { get set }
    /// Why the first term that is not understood is not. Such a filter holds for nothing.
    var problem: FilterProblem? { get set }

    /// The filter that holds for everything.
    init()

    /// Takes up a field with its value; false when the filter has no such field.
    mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool
}

extension TermFilter {
    /// - Parameters:
    ///   - text: what was typed.
    ///   - isTyping: whether it is still being typed. A last term that is not understood yet is left out then.
    public init(_ text: String, isTyping: Bool = false) {
        self.init()
        for term in FilterTerm.split(text) {
            do throws(FilterProblem) {
                if let field = term.field, try take(field) { continue }
                words.append(term.word)
            } catch {
                if isTyping, term.isOpen { continue }
                problem = problem ?? error
            }
        }
    }

    /// Whether it holds for everything.
    public var isEmpty: Bool { self == Self() }

    /// What there is to say where nothing is found: what is not understood, or which words may have been meant as
    /// fields; nil otherwise.
    public var whyEmpty: String? {
        if let problem { return problem.message }
        let doubtful = words.filter { $0.contains(where: FilterTerm.isSign) }
        if doubtful.isEmpty { return nil }
        return doubtful.map(quoted).joined(separator: ", ")
            + (doubtful.count == 1 ? " was looked for as a word" : " were looked for as words")
            + "; the fields here are " + Self.fields.joined(separator: ", ")
    }
}

/// Why a term of a filter is not understood.
public struct FilterProblem: Error, Hashable, Sendable {
    /// What is wrong, and what could stand there: `no status “melted”: open, frozen or closed`.
    public let message: String

    public init(_ message: String) { self.message = message }
}

/// A part of a filter. Double quotes keep spaces together, as in `by:"teller 1"`; what begins with one is a word
/// whatever it looks like.
public struct FilterTerm: Sendable {
    /// As it was typed.
    public let source: String
    /// Nil for a word.
    public let field: Field?
    let word: String
    /// Whether it is the last one, with no space behind it: who types may go on with it.
    let isOpen: Bool

    /// A term such as `status:frozen` or `balance<0`.
    public struct Field: Sendable {
        /// In lower case.
        public let name: String
        /// What stands between name and value; nil for a colon.
        public let comparison: AmountCondition.Comparison?
        /// May be empty. At most ``FilterWords/maximumLength`` scalars of it are looked at.
        public let value: String
    }

    /// The most terms of a filter that are looked at.
    public static let maximum = 16

    /// The terms of a text, at most ``maximum``.
    public static func split(_ text: String) -> [FilterTerm] {
        var isInQuotes = false
        // Scalars are looked at: a space that carries an accent is another character to Swift, and still a space.
        let parts = text.unicodeScalars.split { scalar in
            if scalar == "\"" { isInQuotes.toggle() }
            return scalar.properties.isWhitespace && !isInQuotes
        }
        return parts.prefix(maximum).compactMap { part in
            let plain = Substring(part.filter { $0 != "\"" })
            return plain.isEmpty
                ? nil
                : FilterTerm(
                    source: String(part), field: part.first == "\"" ? nil : Field(plain),
                    word: FilterWords.plain(plain), isOpen: part.endIndex == text.endIndex)
        }
    }

    static func isSign(_ character: Character) -> Bool { ":<=>".contains(character) }
}

extension FilterTerm.Field {
    fileprivate init?(_ text: Substring) {
        guard let sign = text.firstIndex(where: FilterTerm.isSign), sign > text.startIndex else { return nil }
        name = text[..<sign].lowercased()
        let rest = text[sign...]
        if rest.first == ":" {
            comparison = nil
            value = FilterWords.plain(rest.dropFirst())
            return
        }
        // The longer sign first: `<=` begins as `<` does.
        let comparisons: [AmountCondition.Comparison] = [
            .lessOrEqual, .greaterOrEqual, .less, .greater, .equal,
        ]
        guard let comparison = comparisons.first(where: { rest.hasPrefix($0.rawValue) }) else { return nil }
        self.comparison = comparison
        value = FilterWords.plain(rest.dropFirst(comparison.rawValue.count))
    }

    /// The term as messages name it.
    var text: String { name + (comparison?.rawValue ?? ":") + value }

    /// The value; a problem that says what it means where it is missing.
    public func text(_ meaning: String) throws(FilterProblem) -> String {
        if value.isEmpty { throw FilterProblem("\(text) \(meaning)") }
        return value
    }

    /// The one of the names that the value is, or that alone begins with it, in either case.
    public func choice(among names: [String]) throws(FilterProblem) -> String {
        let value = value.lowercased()
        let possible = names.filter { $0.hasPrefix(value) }
        if let name = names.contains(value) ? value : possible.count == 1 ? possible[0] : nil { return name }
        if value.isEmpty { throw FilterProblem("\(text) \(listed(names))") }
        throw FilterProblem(
            possible.isEmpty
                ? "no \(name) \(quoted(value)): \(listed(names))"
                : "\(name) \(quoted(value)) may be \(listed(possible))")
    }

    private func listed(_ names: [String]) -> String {
        names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
    }
}
