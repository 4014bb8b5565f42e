//! What is wrong with a tenant concerns that tenant; everything that is wrong is told at once.

use super::*;

fn tenant(id: &str, more: &str) -> String {
    format!(
        "  - id: {id}\n    client_id: 66666666-7777-8888-9999-000000000000\n    client_secret: ${{SECRET}}\n    datasets: \
         [incident]\n{more}"
    )
}

fn with(tenants: &[String], rest: &str) -> Result<Config, ConfigErrors> {
    parse("m365.yml", &format!("tenants:\n{}{rest}", tenants.concat()), &environment)
}

const OUT: &str = "output:\n  stdout: {}\n";

#[test]
fn a_broken_tenant_is_named_and_the_others_stay() {
    let good = tenant("contoso.example", "");
    for (from, to, message) in [
        (
            "client_secret: ${SECRET}",
            "client_secret: ${NOWHERE}",
            "tenants[1].client_secret: environment variable NOWHERE is not set",
        ),
        ("client_secret: ${SECRET}", "client_secret_file: /nowhere/secret", "/nowhere/secret cannot be read"),
        ("client_secret: ${SECRET}", "client_certificate_file: /nowhere.pem", "/nowhere.pem cannot be read"),
        ("client_secret: ${SECRET}", "client_secret: [canary]", "tenants[1].client_secret: is a list where"),
        ("[incident]", "[incidents]", "unknown dataset `incidents`"),
        (
            "[incident]",
            "[{name: incident, interval: soon}]",
            "tenants[1].datasets[0].interval: `soon` is not a time span",
        ),
        ("[incident]", "incident", "tenants[1].datasets: is a text where"),
        ("    datasets", "    cloud: moon\n    datasets", "unknown cloud `moon`"),
        ("    client_id", "    clientid: x\n    client_id", "tenants[1].clientid: unknown field `clientid`"),
        ("fabrikam.example", "contoso.example", "is named with the same application in tenants[0] already"),
        (
            "    datasets",
            "    output: moon\n    datasets",
            "tenants[1].output: unknown output `moon`; allowed: default",
        ),
        ("    datasets", "    namespace: A-b\n    datasets", "tenants[1].namespace: is no namespace"),
        ("    datasets", "    labels: {a.b: c}\n    datasets", "tenants[1].labels.a.b: is no name of a label"),
        ("    datasets", "    tags: [\"\"]\n    datasets", "tenants[1].tags[0]: cannot be used"),
    ] {
        let broken = tenant("fabrikam.example", "");
        assert!(broken.contains(from), "{from}");
        let config = with(&[good.clone(), broken.replacen(from, to, 1)], OUT).expect(to);
        assert_eq!(config.tenants.len(), 1, "{to}");
        let text = config.broken[0].text();
        assert!(text.contains(message) && text.starts_with("m365.yml:"), "{to}: {text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(config.broken[0].errors.len(), 1, "{to}: {text}");
        // Alone it is an error of all.
        let alone = with(&[broken.replacen(from, to, 1)], OUT);
        assert!(to == "contoso.example" || alone.is_err(), "{to}");
    }
    // The first one may be broken too.
    let config = with(&[tenant("a.example", "").replace("${SECRET}", "${NOWHERE}"), good], OUT).expect("one is left");
    assert_eq!((&*config.tenants[0].id, &*config.broken[0].id), ("contoso.example", "a.example"));
    let text = tenant("${NOWHERE}", "");
    let config = with(&[text, tenant("contoso.example", "")], OUT).expect("one is left");
    assert_eq!(config.broken[0].id, "tenants[0]");
}

#[test]
fn all_errors_are_told_at_once_with_key_and_line() {
    let one = tenant("contoso.example", "    colour: red\n    shape: round\n")
        .replace("[incident]", "[moon, {name: alert, lookback: 1x, overlap: 9d}]");
    let two = tenant("../etc", "    cloud: moon\n").replace("${SECRET}", "${NOWHERE}");
    let rest = "output:\n  elasticsearch: {hosts: [\"ftp://host\"], gzip_level: 11}\nstate: ${NOWHERE}\ndedup_index: 1d\nmetrics: {listen: \
                \"0.0.0.0:1\"}\nhttp: {timeout: never}\npigeon: 1\n";
    let said = with(&[one, two], rest).expect_err("errors").to_string();
    for (line, key) in [
        (5, "tenants[0].datasets[0]: unknown dataset"),
        (5, "tenants[0].datasets[1].lookback"),
        (5, "tenants[0].datasets[1].overlap"),
        (6, "tenants[0].colour"),
        (7, "tenants[0].shape"),
        (8, "tenants[1].id"),
        (10, "tenants[1].client_secret"),
        (12, "tenants[1].cloud"),
        (14, "output.elasticsearch.hosts[0]"),
        (15, "state"),
        (16, "dedup_index"),
        (17, "metrics.listen"),
        (18, "http.timeout"),
        (19, "pigeon"),
    ] {
        let is_told = said.lines().any(|it| it.starts_with(&format!("m365.yml:{line}:")) && it.contains(key));
        assert!(is_told, "{line} {key}:\n{said}");
    }
}

#[test]
fn what_concerns_all_is_refused() {
    let good = [tenant("contoso.example", "")];
    for (rest, message) in [
        ("", "output: is missing"),
        ("output: {}\n", "output: names no output"),
        ("output: {stdout: {}}\nstate: \"\"\n", "state: is empty"),
        ("output: {stdout: {}}\npigeon: 1\n", "pigeon: unknown field"),
        ("output: {stdout: {}}\nledger: 35d\n", "ledger: unknown field `ledger`; it is called `dedup_index`"),
        ("output: {stdout: {}\n", "m365.yml:"),
        ("outputs: {a: {stdout: {}}, b: {stdout: {}, file: {directory: x}}}\n", "outputs.b: names several outputs"),
        ("outputs: [{name: a, stdout: {}}, {name: a, stdout: {}}]\n", "output `a` is named twice"),
        ("outputs: {}\n", "output: is missing"),
    ] {
        let said = with(&good, rest).expect_err(rest).to_string();
        assert!(said.contains(message), "{rest}: {said}");
    }
}

#[test]
fn outputs_have_names_and_tenants_name_them() {
    let (one, two) = (tenant("a.example", ""), tenant("b.example", "    output: second\n    namespace: blue_1\n"));
    for rest in [
        "outputs:\n  first: {stdout: {}}\n  second: {elasticsearch: {hosts: [\"http://127.0.0.1:9\"], namespace: red}}\n",
        "outputs:\n  - {name: first, stdout: {}}\n  - name: second\n    elasticsearch: {hosts: [\"http://127.0.0.1:9\"], \
         namespace: red}\n",
    ] {
        let config = with(&[one.clone(), two.clone()], rest).expect(rest);
        let names: Vec<_> = config.outputs.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(names, ["first", "second"]);
        let of = |place: usize| config.output_of(&config.tenants[place]).expect("an output").name.as_str();
        assert_eq!((of(0), of(1)), ("first", "second"));
        assert_eq!(config.outputs[1].namespace, "red");
        assert_eq!(config.tenants[1].delivery.namespace.as_deref(), Some("blue_1"));
    }
    // The old form stays, beside others it is the default.
    let rest = "output: {stdout: {}}\noutputs: {second: {file: {directory: x}}}\n";
    let config = with(&[one.clone(), two.clone()], rest).expect(rest);
    assert_eq!(config.outputs[0].name, "default");
    // One that cannot be used concerns those who name it.
    let rest = "outputs: {first: {stdout: {}}, second: {elasticsearch: {hosts: [\"http://127.0.0.1:9\"], api_key_file: /nowhere}}}\n";
    let config = with(&[one, two], rest).expect(rest);
    assert_eq!((config.tenants.len(), config.outputs.len()), (1, 1));
    let text = config.broken[0].text();
    assert!(text.contains("outputs.second.elasticsearch.api_key_file: /nowhere cannot be read"), "{text}");
}

#[test]
fn marks_of_a_tenant_are_read() {
    let more =
        "    name: Contoso Ltd\n    tags: [gold, 007]\n    labels: {customer: \"4711\", region: on, number: 0042}\n";
    let config = with(&[tenant("a.example", more)], OUT).expect("good");
    let delivery = &config.tenants[0].delivery;
    assert_eq!(delivery.name.as_deref(), Some("Contoso Ltd"));
    assert_eq!(delivery.tags, ["gold", "007"], "as it is written");
    let labels: Vec<_> = delivery.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(labels, [("customer", "4711"), ("number", "0042"), ("region", "on")]);
}

#[test]
fn relative_paths_count_from_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("conf/m365.yml");
    fs_write(&file, "");
    fs_write(&folder.path().join("conf/secret"), "s\n");
    fs_write(&folder.path().join("conf/key"), "aWQ6a2V5\n");
    let text = format!(
        "tenants:\n{}outputs:\n  a: {{file: {{directory: ./out}}}}\n  b: {{elasticsearch: {{hosts: [\"http://127.0.0.1:9\"], api_key_file: \
         key}}}}\ndead_letter: letters\n",
        tenant("a.example", "").replace("client_secret: ${SECRET}", "client_secret_file: ./secret")
    );
    let config = parse(file.to_str().expect("path"), &text, &environment).expect("good");
    let below = |path: &str| folder.path().join("conf").join(path);
    assert_eq!((&config.state, &config.dead_letter), (&below("state"), &below("letters")));
    assert!(matches!(&config.outputs[0].output, Output::File(files) if files.directory == below("out")));
    let absolute = text.replace("letters", "/var/letters");
    let config = parse(file.to_str().expect("path"), &absolute, &environment).expect("good");
    assert_eq!(config.dead_letter, Path::new("/var/letters"));
    fs_write(&file, &text.replace("dead_letter: letters", "state: there"));
    assert_eq!(state_directory(&file).expect("read"), below("there"));
}

fn fs_write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
    std::fs::write(path, text).expect("writes");
}
