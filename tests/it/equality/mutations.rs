//! The comparison has teeth: one character changed in one conversion of the script is found by a fixture.

use std::collections::BTreeSet;

use it::{Elasticsearch, Stack};
use schema::{Derive, Op, Semantic};
use serde_json::Value;

use super::{by_processor, fixtures, mapped, verdict};

/// Conversion, text in the script, the same with one character changed.
type Mutation = (&'static str, &'static str, &'static str);

const OPS: &[Mutation] = &[
    ("keep", "if (op == 'keep') { push(s, field, t,", "if (op == 'keep') { push(s, field, t+1,"),
    ("lower", "if (op == 'lower') return", "if (op == 'Lower') return"),
    ("table", "? key.equals(word)", "? !key.equals(word)"),
    ("prefix", ": word.startsWith(key)", ": !word.startsWith(key)"),
    ("technique", "t.substring(0, 5) : (n", "t.substring(0, 6) : (n"),
    ("subtechnique", "(n == 9 ? t : null)", "(n == 8 ? t : null)"),
    ("args", "current.append('\"'); i++;", "current.append('!'); i++;"),
    ("person", "if (at <= 0 || at + 1 >=", "if (at <= 9 || at + 1 >="),
    ("mail_address", "return found.isEmpty() ? (def)t", "return !found.isEmpty() ? (def)t"),
    ("mail_host", "address.lastIndexOf('@') + 1)", "address.lastIndexOf('@') + 2)"),
    ("host", "if (op == 'host') return", "if (op == 'Host') return"),
    ("url_host", "if (op == 'url_host') return", "if (op == 'Url_host') return"),
    ("url_ip", "|| !plainAddress(name)", "|| plainAddress(name)"),
    ("url_scheme", "return lower(t.substring(0, at))", "return lower(t.substring(1, at))"),
    ("url_domain", "host = host.substring(user + 1)", "host = host.substring(user + 0)"),
    ("url_port", "port = host.substring(colon + 1)", "port = host.substring(colon + 2)"),
    ("url_path", "tail = tail.substring(0, mark)", "tail = tail.substring(1, mark)"),
    (
        "url_query",
        "return mark < 0 ? null : tail.substring(mark + 1)",
        "return mark < 0 ? null : tail.substring(mark + 0)",
    ),
    (
        "url_fragment",
        "return hash < 0 ? null : tail.substring(hash + 1)",
        "return hash < 0 ? null : tail.substring(hash + 0)",
    ),
    ("url_extension", "tail.lastIndexOf('/') + 1)", "tail.lastIndexOf('/') + 3)"),
    ("url_full", "if (op == 'url_full') return", "if (op == 'Url_full') return"),
    ("url_username", "host.substring(0, colon >= 0", "host.substring(1, colon >= 0"),
    ("url_password", "host.substring(colon + 1, user)", "host.substring(colon + 0, user)"),
];

/// The plain texts have no code of their own in the script: there the value itself is changed by one character.
const PLAIN: &str = "catch (Exception e) { return bad; }\n  }\n  return t;\n}";

const SEMANTICS: &[Mutation] = &[
    ("lower", "if (kind == 'lower' || kind", "if (kind == 'Lower' || kind"),
    ("hash", "|| kind == 'hash') return", "|| kind == 'Hash') return"),
    ("ip", "if (run > 4) return false", "if (run > 5) return false"),
    ("timestamp", "+ 'T' + t.substring(11, 19)", "+ 't' + t.substring(11, 19)"),
    ("integer", "try { return Long.parseLong(t); }", "try { return -Long.parseLong(t); }"),
    ("number", "if (kind == 'number') return", "if (kind == 'Number') return"),
    ("flag", "if (lower(t) == 'false') return false;", "if (lower(t) == 'false') return !false;"),
    ("json_text", "if (kind == 'json_text') {", "if (kind == 'Json_text') {"),
];

const DERIVES: &[Mutation] = &[
    ("path", "if (how == 'path') return", "if (how == 'Path') return"),
    ("file_name", "return how == 'file_name' ?", "return how == 'File_name' ?"),
    ("file_directory", "if (how == 'file_directory') return", "if (how == 'File_directory') return"),
    (
        "file_extension",
        "return at > 0 ? name.substring(at + 1) : null",
        "return at > 0 ? name.substring(at + 0) : null",
    ),
    ("fork_name", "if (how == 'fork_name') return", "if (how == 'Fork_name') return"),
    ("registry_path", "String path = hive + '\\\\' + key", "String path = hive + '/' + key"),
    ("registry_hive", "if (how == 'registry_hive') return", "if (how == 'Registry_hive') return"),
    ("registry_key", "if (how == 'registry_key') return", "if (how == 'Registry_key') return"),
    ("entity_id", "Character.toString((char)10), inputs)", "Character.toString((char)11), inputs)"),
    ("duration", "if (nanos >= 0) result", "if (nanos <= 0) result"),
    ("geo_point", "* 100000.0 + 0.5", "* 100000.0 + 1.5"),
    ("lower", "if (how == 'lower') result", "if (how == 'Lower') result"),
    ("account_name", "if (how == 'account_name') result", "if (how == 'Account_name') result"),
    ("account_domain", "if (how == 'account_domain') result", "if (how == 'Account_domain') result"),
    ("upn_domain", "if (how == 'upn_domain') result", "if (how == 'Upn_domain') result"),
];

/// What belongs to no conversion alone: the word that a plan with it has, and the change.
const OTHERS: &[Mutation] = &[
    // Display names, conditions, ranks of constants, lists that share a field.
    ("mail", "path.set(path.size() - 1, c.get(7))", "path.set(path.size() - 1, c.get(0))"),
    ("mail", "(angle == null ? inQuotes", "(angle != null ? inQuotes"),
    ("lower", "if (t.length() != word.length()", "if (t.length() == word.length()"),
    ("table", "(String)((List)entry).get(1), (int)", "(String)((List)entry).get(1), -(int)"),
    ("keyword", "def before = list ?", "def before = !list ?"),
    ("host", "if (name.endsWith('.')) name", "if (name.endsWith('!')) name"),
    ("host", "return numeric ? null", "return !numeric ? null"),
    ("path", "boolean windows = !isPosix(folder)", "boolean windows = isPosix(folder)"),
    ("path", "return separators < 2", "return separators < 1"),
    ("fork_name", "int colon = isPosix(path) ?", "int colon = !isPosix(path) ?"),
    ("registry_key", "return ['HKLM', t.substring(17)]", "return ['HKLM', t.substring(16)]"),
    ("registry_key", "return ['HKU', t.substring(14)]", "return ['HKU', t.substring(13)]"),
    ("account_domain", "return domain == '.' ?", "return domain == '!' ?"),
];

/// Words that occur in plans: a conversion that no dataset uses cannot be found by a fixture.
fn used() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for dataset in schema::catalog() {
        let processor = mapper::pipeline::script(dataset);
        for shape in processor["script"]["params"]["shapes"].as_array().unwrap() {
            let columns = shape["columns"].as_array().unwrap();
            let targets = columns.iter().flat_map(|column| column[3].as_array().into_iter().flatten());
            let derived = shape["derived"].as_array().into_iter().flatten().map(|derived| &derived["derive"]);
            let named = columns.iter().map(|column| &column[1]).chain(targets.map(|target| &target[1])).chain(derived);
            words.extend(named.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    // A column with the parts of a URL fills ECS with each of them.
    if words.contains("url_parts") {
        words.insert("url".into());
    }
    words
}

#[test]
fn every_conversion_has_a_mutation() {
    let named = |list: &[Mutation]| -> BTreeSet<&str> { list.iter().map(|(word, ..)| *word).collect() };
    let ops: BTreeSet<&str> = Op::ALL.iter().map(|(_, word)| *word).collect();
    assert_eq!(named(OPS), ops);
    let semantics = Semantic::ALL.iter().filter(|(semantic, _)| !semantic.takes_any_text());
    assert_eq!(named(SEMANTICS), semantics.map(|(_, word)| *word).collect());
    assert_eq!(named(DERIVES), Derive::ALL.iter().map(|(_, word)| *word).collect());
}

/// Characters that differ between the first and the last place where the texts do.
fn distance(one: &str, other: &str) -> usize {
    let same = |mut pair: (std::str::Chars<'_>, std::str::Chars<'_>), back: bool| -> usize {
        let next = |letters: &mut std::str::Chars<'_>| if back { letters.next_back() } else { letters.next() };
        std::iter::from_fn(|| (next(&mut pair.0)? == next(&mut pair.1)?).then_some(())).count()
    };
    let (longer, shorter) = (one.len().max(other.len()), one.len().min(other.len()));
    let head = same((one.chars(), other.chars()), false);
    longer - (head + same((one.chars(), other.chars()), true)).min(shorter)
}

/// The script with one conversion changed, and the conversion's word.
fn mutants() -> Vec<(&'static str, String)> {
    let source = mapper::pipeline::SOURCE;
    let mut mutants = Vec::new();
    for (word, from, into) in [OPS, SEMANTICS, DERIVES, OTHERS].concat() {
        assert_eq!(source.matches(from).count(), 1, "{word}: the script says `{from}` once");
        assert!(distance(from, into) <= 2, "{word}: one character at a time");
        mutants.push((word, source.replace(from, into)));
    }
    assert_eq!(source.matches(PLAIN).count(), 1, "the script ends its conversions with plain text");
    for (semantic, word) in Semantic::ALL.iter().filter(|(semantic, _)| semantic.takes_any_text()) {
        let plan_word = if *semantic == Semantic::Url { "url" } else { word };
        let changed = PLAIN.replace("  return t;\n", &format!("  return kind == '{plan_word}' ? t + '~' : t;\n"));
        mutants.push((word, source.replace(PLAIN, &changed)));
    }
    mutants
}

#[tokio::test]
async fn one_changed_character_is_found() {
    let Some(server) = Elasticsearch::shared(Stack::selected()[0]) else { return };
    let used = used();
    let mut cases = Vec::new();
    for dataset in schema::catalog() {
        let rows: Vec<String> = fixtures(dataset.definition.name).into_iter().map(|fixture| fixture.row).collect();
        let expected: Vec<_> = rows.iter().map(|row| mapped(dataset, row)).collect();
        cases.push((dataset, rows, expected));
    }
    let mut survivors = Vec::new();
    for (word, source) in mutants().into_iter().filter(|(word, _)| used.contains(*word)) {
        let mut found = false;
        for (dataset, rows, expected) in &cases {
            let mut processor = mapper::pipeline::script(dataset);
            processor["script"]["source"] = source.clone().into();
            let outcomes = by_processor(server, &processor, rows).await;
            found |= expected.iter().zip(&outcomes).any(|(mapper, script)| verdict(mapper, script).is_some());
            if found {
                break;
            }
        }
        if !found {
            survivors.push(word);
        }
    }
    assert!(survivors.is_empty(), "a changed conversion went unnoticed: {survivors:?}");
}
