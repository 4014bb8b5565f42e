//! Invented rows of a dataset: mostly right, often odd. Choices come from bytes, so that fewer bytes give a smaller row.

use std::fmt::Write;

use schema::{Column, Content, Dataset, Semantic, Shape};

/// Choices, read from bytes; when they end, every choice is the first.
pub(super) struct Dice<'b> {
    bytes: std::slice::Iter<'b, u8>,
    /// Source paths of the arrays that the rows are split by.
    split: Vec<String>,
}

impl<'b> Dice<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Dice { bytes: bytes.iter(), split: Vec::new() }
    }

    fn below(&mut self, count: usize) -> usize {
        let mut next = || usize::from(self.bytes.next().copied().unwrap_or(0));
        let number = if count > 200 { next() * 256 + next() } else { next() };
        number % count
    }

    /// Once in so many times.
    fn rarely(&mut self, every: usize) -> bool {
        self.below(every) == every - 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// JSON text of one row.
pub(super) fn row(dataset: &Dataset, bytes: &[u8]) -> String {
    let mut dice = Dice::new(bytes);
    for name in dataset.definition.rows.split() {
        let outer = dice.split.last().map(|outer| format!("{outer}.")).unwrap_or_default();
        dice.split.push(format!("{outer}{name}"));
    }
    let mut out = String::new();
    let identity = dataset.definition.identity[0];
    let changed = dataset.definition.source.list().map(|list| list.record.changed);
    object(&dataset.root, &mut dice, &mut out, &|name| (name == identity || Some(name) == changed).then_some(50));
    out
}

fn object(shape: &Shape, dice: &mut Dice<'_>, out: &mut String, needed: &dyn Fn(&str) -> Option<usize>) {
    let kind = (!shape.kinds.is_empty() && !dice.rarely(12)).then(|| &shape.kinds[dice.below(shape.kinds.len())]);
    let columns = kind.map_or(&shape.columns, |kind| &kind.shape.columns);
    let mut members = Members { first: true, out };
    members.out.push('{');
    if let Some(kind) = kind {
        members.name("@odata.type", dice);
        quote(&kind.tag, dice, members.out);
    }
    let sparse = if dice.below(2) == 0 { 2 } else { 6 };
    for column in columns {
        let absent = match needed(&column.name) {
            Some(every) => dice.rarely(every),
            None => dice.below(sparse) != 1,
        };
        if absent || (kind.is_some() && column.name == "@odata.type") {
            continue;
        }
        members.name(&column.name, dice);
        // Without these there is no document to compare: mostly right.
        match &column.content {
            Content::Scalar(Semantic::Timestamp) if needed(&column.name).is_some() && !dice.rarely(12) => {
                members.out.push_str("\"2026-03-02T09:12:44.5Z\"");
            }
            Content::Scalar(_) if needed(&column.name).is_some() && !dice.rarely(8) => {
                let _ = write!(members.out, "\"x{}\"", dice.below(10));
            }
            _ => value(column, dice, members.out),
        }
        if dice.rarely(300) {
            members.name(&column.name, dice);
            members.out.push('1');
        }
    }
    if dice.rarely(5) {
        for _ in 0..=dice.below(2) {
            let name =
                dice.pick(&["unknown", "unknown.dotted", "", "Ünïcode", "quo\"te", "back\\slash", "id ", "@odata.id"]);
            members.name(name, dice);
            anything(dice, 0, members.out);
        }
    }
    members.out.push('}');
}

struct Members<'o> {
    first: bool,
    out: &'o mut String,
}

impl Members<'_> {
    fn name(&mut self, name: &str, dice: &mut Dice<'_>) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        quote(name, dice, self.out);
        self.out.push_str(if dice.rarely(30) { " :\n" } else { ":" });
    }
}

fn value(column: &Column, dice: &mut Dice<'_>, out: &mut String) {
    if dice.split.contains(&column.source) {
        return part(column, dice, out);
    }
    if dice.rarely(25) {
        return anything(dice, 0, out);
    }
    let listed = column.list != dice.rarely(20);
    if !listed {
        return one(column, dice, out);
    }
    out.push('[');
    for position in 0..dice.below(4) {
        if position > 0 {
            out.push(',');
        }
        one(column, dice, out);
    }
    out.push(']');
}

/// What a row is split by: one part in whatever form, or none.
fn part(column: &Column, dice: &mut Dice<'_>, out: &mut String) {
    let around = match dice.below(14) {
        0..=3 => "#",
        4 | 5 => "[#]",
        6 => "[null,#,null]",
        7 => "[[#]]",
        8 => "[#,#]",
        9 => "[#,null,{}]",
        10 => return anything(dice, 0, out),
        _ => {
            return out.push_str(dice.pick(&[
                "[]",
                "null",
                "{}",
                "[{}]",
                "[null]",
                "[null,null]",
                "[[]]",
                "[7]",
                "\"\"",
            ]));
        }
    };
    for piece in around.split_inclusive('#') {
        out.push_str(piece.trim_end_matches('#'));
        if piece.ends_with('#') {
            one(column, dice, out);
        }
    }
}

fn one(column: &Column, dice: &mut Dice<'_>, out: &mut String) {
    if dice.rarely(15) {
        return out.push_str("null");
    }
    match &column.content {
        Content::Object(shape) | Content::Flattened(shape) => object(shape, dice, out, &|_| None),
        Content::Dictionary => anything(dice, 0, out),
        Content::UrlParts => scalar(column, Semantic::Url, dice, out),
        Content::Scalar(semantic) => scalar(column, *semantic, dice, out),
    }
}

fn scalar(column: &Column, semantic: Semantic, dice: &mut Dice<'_>, out: &mut String) {
    if dice.rarely(12) {
        return raw(dice, out);
    }
    // A value that a conversion of the column looks at, whatever the type.
    let table = column.targets.iter().find_map(|target| target.table);
    if let Some(table) = table.filter(|_| dice.below(3) > 0) {
        let key = dice.pick(table.rows).0;
        let text = match dice.below(5) {
            0 => key.to_uppercase(),
            1 => format!("{key}2019"),
            2 => key.chars().flat_map(|letter| [letter, ' ']).collect(),
            3 => key.replace('i', "\u{130}"),
            _ => key.to_owned(),
        };
        return quote(&text, dice, out);
    }
    let text = match semantic {
        Semantic::Timestamp => time(dice),
        Semantic::Ip => address(dice),
        Semantic::Integer => {
            let text = dice.pick(NUMBERS);
            return if dice.below(2) == 0 { out.push_str(text) } else { quote(text, dice, out) };
        }
        Semantic::Number => return raw(dice, out),
        Semantic::Flag => match dice.below(3) {
            0 => return out.push_str("true"),
            1 => return out.push_str("false"),
            _ => dice.pick(&["true", "False", "TRUE", "", "yes", "1", "falſe"]).to_owned(),
        },
        Semantic::Url => url(dice),
        Semantic::Hash => {
            dice.pick(&["ABCDEF0123", "abc", "", "İ", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"]).to_owned()
        }
        Semantic::JsonText => {
            let mut inner = String::new();
            anything(dice, 0, &mut inner);
            inner
        }
        _ => pieces(dice),
    };
    quote(&text, dice, out);
}

/// Numbers as texts write them; JSON numbers are among them.
const NUMBERS: &[&str] =
    &["0", "1", "7244", "-0", "-5", "9223372036854775807", "-9223372036854775808", "443", "65536", "2147483648"];

/// JSON scalars, none of them a plain text.
const RAW: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1.5",
    "0.0",
    "-0.0",
    "1e3",
    "1E-2",
    "2.50",
    "1e300",
    "4.9e-324",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "0.1",
    "100.0",
    "true",
    "false",
    "null",
    "123456789.123456789",
    "9007199254740993",
    "1e15",
    "1e16",
    "12345678.9",
    "0.00012345",
    "1.7976931348623157e308",
];

/// What is no JSON value, or no text.
const ODD: &[&str] = &[
    "NaN",
    "-Infinity",
    "01",
    "+1",
    ".5",
    "1.",
    "1e400",
    "-1e400",
    "True",
    "'x'",
    "\"\\ud83d\"",
    "\"\\ude00\\ud83d\"",
    "\"a\tb\u{0}\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u0000\"",
    "",
    "1/**/",
    "[1,,2,]",
    "{\"a\":1,\"\\u0061\":2,}",
];

fn raw(dice: &mut Dice<'_>, out: &mut String) {
    if dice.rarely(150) {
        return out.push_str(dice.pick(ODD));
    }
    out.push_str(dice.pick(RAW));
}

fn anything(dice: &mut Dice<'_>, depth: usize, out: &mut String) {
    match dice.below(if depth > 3 { 4 } else { 8 }) {
        0 | 1 => quote(&pieces(dice), dice, out),
        2 | 3 => raw(dice, out),
        4 | 5 => {
            out.push('[');
            for position in 0..dice.below(4) {
                if position > 0 {
                    out.push(',');
                }
                anything(dice, depth + 1, out);
            }
            out.push(']');
        }
        _ => {
            let mut members = Members { first: true, out };
            members.out.push('{');
            for name in ["a", "B", "é", "\u{ffff}", "😀", "x.y", "ip"] {
                if dice.below(3) == 1 {
                    members.name(name, dice);
                    anything(dice, depth + 1, members.out);
                }
            }
            members.out.push('}');
        }
    }
}

/// What texts are put together from: letters that change length with case, separators of paths, addresses, commands.
const PIECES: &[&str] = &[
    "a",
    "contoso",
    "Adele",
    ".example",
    "@",
    "\\",
    "/",
    "C:\\",
    ".exe",
    ".",
    "..",
    " ",
    "\t",
    "\n",
    "\"",
    "\\\"",
    "'",
    "-x",
    "Ü",
    "ß",
    "İ",
    "Σ",
    "ΟΔΟΣ",
    "ſ",
    "K",
    "😀",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "\u{2028}",
    "\u{feff}",
    "T1059",
    "T1059.001",
    "t1059",
    "#EXT#",
    "%",
    "{",
    "}",
    "[",
    ",",
    "true",
    "null",
    "0",
    "md5",
    "SHA256",
    "ſha1",
    "Execution",
    "Windows",
    "\u{a0}",
    "=",
    "\r",
    "NORTH\\",
    "<",
    ">",
    ";",
    "(",
    ")",
    ":",
    "://",
    "news@shop.example",
    "HKLM",
    "HKEY_LOCAL_MACHINE\\",
    "Computer\\",
    "\\REGISTRY\\MACHINE\\",
    ":$DATA",
    "\\\\",
    "mailto:",
    "Process",
    "192.0.2.4",
];

fn pieces(dice: &mut Dice<'_>) -> String {
    if dice.rarely(400) {
        return "long ".repeat(8000);
    }
    (0..dice.below(7)).map(|_| dice.pick(PIECES)).collect()
}

fn time(dice: &mut Dice<'_>) -> String {
    if dice.below(4) != 3 {
        let day = dice.pick(&["2026-03-02", "2028-02-29", "1999-12-31"]);
        return format!("{day}T0{}:12:44{}Z", dice.below(10), dice.pick(&["", ".5", ".1233333", ".000000001"]));
    }
    let mut text = String::new();
    let year = dice.pick(&["2026", "2024", "0001", "9999", "1900", "0000", "2000", "1601", "+2026", "٢026"]);
    let day =
        dice.pick(&["03-02", "02-28", "02-29", "02-30", "12-31", "01-01", "04-31", "13-01", "00-10", "3-2", "06-00"]);
    let middle = dice.pick(&["T", "T", "T", "t", " ", "_", ""]);
    let clock =
        dice.pick(&["09:12:44", "00:00:00", "23:59:59", "24:00:00", "23:59:60", "09:12", "23:60:00", "9:12:44"]);
    let fraction = dice.pick(&["", ".1", ".1233333", ".123456789", ".1234567890", ".", ",5", ".000", ".5é"]);
    let zone = dice.pick(&[
        "Z", "Z", "Z", "", "z", "+02:00", "-05:30", "+00:00", "-00:00", "+18:59", "+19:00", "+0200", "+02", " Z",
        "é02:00",
    ]);
    let _ = write!(text, "{year}-{day}{middle}{clock}{fraction}{zone}");
    text
}

fn address(dice: &mut Dice<'_>) -> String {
    match dice.below(4) {
        0 => dice.pick(&["192.0.2.7", "2001:db8::17", "198.51.100.4"]).to_owned(),
        1 => (0..dice.pick(&[4, 4, 4, 3, 5]))
            .map(|_| dice.pick(&["1", "0", "255", "256", "01", "", "192", "a", "1000"]))
            .collect::<Vec<_>>()
            .join("."),
        2 => (0..dice.pick(&[8, 8, 7, 6, 9, 3, 2]))
            .map(|_| dice.pick(&["1", "0", "ffff", "FFFF", "", "db8", "2001", "00001", "g", "192.0.2.1"]))
            .collect::<Vec<_>>()
            .join(":"),
        _ => {
            let head = dice.pick(&["", "::", "::ffff:", "2001:db8::", "[2001:db8::", " ", "fe80::1%", "::1:"]);
            let tail = dice.pick(&["1", "192.0.2.1", "", "]", ":443", "/64", " ", "eth0", ".", "192.0.2.", "0x1", "٣"]);
            format!("{head}{tail}")
        }
    }
}

fn url(dice: &mut Dice<'_>) -> String {
    let scheme = dice.pick(&["https", "http", "HTTPS", "h+1.x-", "1http", "", "İ"]);
    let mark = dice.pick(&["://", "://", "://", ":/", ":", ""]);
    let user = dice.pick(&["", "", "user@", "user:p@w@"]);
    let host = dice.pick(&[
        "contoso.example",
        "CONTOSO.Example",
        "[2001:db8::1]",
        "[::1",
        "",
        "ΟΔΟΣ.example",
        "a:b",
        "192.0.2.4",
        "[]",
    ]);
    let port = dice.pick(&["", "", ":443", ":0", ":65535", ":65536", ":", ":080", ":+1", ":٣"]);
    let path = dice.pick(&["", "/", "/a/b.html", "/.x", "/a.tar.gz", "/a.b/", "\\x", "/é.É"]);
    let query = dice.pick(&["", "", "?", "?q=1", "?a?b", "?a#b"]);
    let fragment = dice.pick(&["", "", "#", "#top", "#a?b", "#a#b"]);
    [scheme, mark, user, host, port, path, query, fragment].concat()
}

/// The text as a JSON string, now and then with escapes that it does not need.
fn quote(text: &str, dice: &mut Dice<'_>, out: &mut String) {
    let escaping = dice.rarely(10);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' if !escaping => out.push_str("\\n"),
            '/' if escaping => out.push_str("\\/"),
            _ if escaping || letter < ' ' => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}
