/// Names of account holders in the letters of several languages.
enum Names {
    private static let first = [
        "Anna", "Žofie", "Jiří", "Łukasz", "Müller", "François", "Øystein", "Σοφία", "Дмитрий", "José",
        "Ağca",
        "Marie", "Peter", "李", "山田", "Siobhán", "Ingrid", "Zoltán", "Chloé", "Mário", "Eva", "Tomáš",
        "Katrin",
    ]
    private static let last = [
        "Nováková", "Dvořák", "Kowalski", "Schmidt", "Lefèvre", "Hansen", "Παπαδόπουλος", "Иванов", "García",
        "Yılmaz", "Svobodová", "Smith", "小明", "太郎", "Ó Briain", "Lindqvist", "Nagy", "Petit", "Silva",
        "Horák",
        "Procházka", "Weber", "Žižka", "Černý", "Veselá", "Kučera", "Kopřiva", "Malá", "Zelenka",
    ]
    private static let rest = ["", " s.r.o.", " GmbH", " Ltd", " a.s.", " & Co", " Oy"]

    /// A word that one account in about 100,000 has in its name.
    static let rareWord = "Zvěřinec"

    /// SQL for the name of account number `i`.
    static var expression: String {
        """
        CASE WHEN i = 1 THEN 'Busy account' WHEN i % 99991 = 17 THEN 'U \(rareWord) ' || i
            ELSE (\(array(first)))[1 + (i * 31 + i / 23) % \(first.count)]
                || ' ' || (\(array(last)))[1 + (i * 17 + i / 667) % \(last.count)]
                || (\(array(rest)))[1 + (CASE WHEN i % 5 = 0 THEN i / 5 ELSE 0 END) % \(rest.count)] END
        """
    }

    private static func array(_ values: [String]) -> String {
        "ARRAY[\(values.map { "'\($0)'" }.joined(separator: ", "))]"
    }
}
