//! Outputs as they are written.

use super::*;

fn with_output(output: &str) -> Result<Config, ConfigErrors> {
    let text = GOOD.replace("file: {directory: \"${HOME}/documents\"}", output);
    assert!(text.contains(output));
    parse("m365.yml", &text, &environment)
}

fn elastic(options: &str) -> Result<ElasticOutput, String> {
    let config = with_output(&format!("elasticsearch: {{hosts: [\"https://es.example\"], {options}}}"));
    match config.map_err(|error| error.to_string())?.outputs.remove(0).output {
        Output::Elasticsearch(output) => Ok(*output),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_cluster_has_defaults() {
    let output = elastic("api_key: \"${ES_API_KEY}\"").expect("good");
    assert_eq!((output.gzip, output.max_concurrency, output.max_body), (Some(1), 4, None));
    assert_eq!(output.timeout, Duration::from_secs(90));
    assert!(output.proxy.is_none() && output.ca_fingerprint.is_none());
}

#[test]
fn a_cluster_has_options() {
    let output = elastic(
        "ca_trusted_fingerprint: \"AB:cd:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e\", \
         proxy: \"https://user:canary%20word@proxy.example:3128\", no_proxy: [.intern.example], gzip_level: 6, \
         timeout: 30s, max_concurrency: 8, max_content_length: 10mb",
    )
    .expect("good");
    assert_eq!(output.ca_fingerprint.expect("fingerprint")[..3], [0xab, 0xcd, 0x00]);
    let proxy = output.proxy.as_ref().expect("proxy");
    assert_eq!(proxy.url.as_str(), "https://proxy.example:3128/");
    let (user, password) = proxy.login.as_ref().expect("login");
    assert_eq!((user.as_str(), password.expose_secret()), ("user", "canary word"));
    assert!(!proxy.serves("es.intern.example") && proxy.serves("es.example"));
    assert_eq!((output.gzip, output.max_concurrency), (Some(6), 8));
    assert_eq!((output.timeout, output.max_body), (Duration::from_secs(30), Some(10 << 20)));
    assert!(!format!("{output:?}").contains("canary"));
    assert_eq!(elastic("gzip: false, gzip_level: 6").expect("good").gzip, None);
}

#[test]
fn what_an_output_does_not_take_is_told() {
    for (options, message) in [
        ("ca_trusted_fingerprint: abcd", "ca_trusted_fingerprint: is not a fingerprint; allowed: SHA-256"),
        ("proxy: \"socks5://u:canary@h\"", "proxy: is not an address; allowed: http://[user:password@]host[:port]"),
        ("no_proxy: [a]", "no_proxy: is of no use without proxy"),
        ("gzip_level: 0", "gzip_level: is 0; allowed: 1 to 9"),
        ("max_concurrency: 65", "max_concurrency: is 65; allowed: 1 to 64"),
        ("max_content_length: 12", "max_content_length: `12` is not a size of at least 1024 bytes"),
        ("max_content_length: 1xb", "max_content_length: `1xb` is not a size"),
        ("timeout: 0s", "timeout: `0s` is not a time span"),
    ] {
        let said = elastic(options).expect_err("an error");
        assert!(said.contains(&format!("output.elasticsearch.{message}")), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn files_have_options() {
    let config = with_output("file: {directory: d, rotate_size: 1gb, rotate_age: 1d, keep: 3}").expect("good");
    let Output::File(files) = &config.outputs[0].output else { panic!("files") };
    assert_eq!((files.rotate_size, files.rotate_age, files.keep), (1 << 30, Some(Duration::from_hours(24)), Some(3)));
    let config = with_output("file: {directory: d}").expect("good");
    let Output::File(files) = &config.outputs[0].output else { panic!("files") };
    assert_eq!((files.rotate_size, files.rotate_age, files.keep), (256 << 20, None, None));
    let said = with_output("file: {directory: d, keep: 0}").expect_err("an error").to_string();
    assert!(said.contains("output.file.keep: is 0"), "{said}");
}

#[test]
fn dead_letters_have_a_limit_and_a_policy() {
    use ::output::dead_letters::{Limit, WhenFull};
    let with = |written: &str| {
        let text = format!("{GOOD}\n{written}\n");
        parse("m365.yml", &text, &environment).map(|config| (config.dead_letter, config.dead_letter_limit))
    };
    let default = Limit { bytes: 1024 * 1024 * 1024, when_full: WhenFull::Stop };
    assert_eq!(with("dead_letter: ./letters").expect("good"), ("./letters".into(), default));
    let (path, limit) = with("dead_letter: {max_size: 20mb, when_full: drop_oldest}").expect("good");
    assert!(path.ends_with("dead-letter"), "{}", path.display());
    assert_eq!(limit, Limit { bytes: 20 * 1024 * 1024, when_full: WhenFull::DropOldest });
    for (written, said) in [
        ("{path: ./letters, max_size: 1kb}", "`1kb` is not a size of at least 1048576 bytes"),
        ("{when_full: panic}", "`panic` is not known; allowed: stop, drop_oldest"),
        ("{size: 1gb}", "size"),
    ] {
        let error = with(&format!("dead_letter: {written}")).expect_err("bad").to_string();
        assert!(error.contains("dead_letter") && error.contains(said), "{error}");
    }
}
