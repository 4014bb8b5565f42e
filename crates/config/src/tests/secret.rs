//! Laws of secrets as people and their tools leave them.

use super::super::secret::api_key;
use super::*;

/// The client secret that is sent, where the environment holds this.
fn of_environment(value: &str) -> Result<String, String> {
    let given = |name: &str| if name == "SECRET" { Some(value.to_owned()) } else { environment(name) };
    sent(parse("m365.yml", GOOD, &given))
}

/// The same, where it lies in a file.
fn of_file(bytes: &[u8]) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let key = format!("client_secret_file: {}", file.path().display());
    sent(parse("m365.yml", &GOOD.replace("client_secret: ${SECRET}", &key), &environment))
}

fn sent(config: Result<Config, ConfigErrors>) -> Result<String, String> {
    match config.map_err(|error| error.to_string())?.tenants.remove(0).credential {
        CredentialKind::Secret(secret) => Ok(secret.expose_secret().to_owned()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn what_stands_around_a_secret_is_not_sent() {
    for text in [
        "canary~1",
        " canary~1",
        "canary~1 \t",
        "canary~1\n",
        "canary~1\r\n",
        "\n\ncanary~1\n\n",
        "\u{feff}canary~1",
        "\u{feff} canary~1\u{200b}\r\n",
        "\u{a0}canary~1\u{a0}",
    ] {
        assert_eq!(of_environment(text).as_deref(), Ok("canary~1"), "{text:?}");
        assert_eq!(of_file(text.as_bytes()).as_deref(), Ok("canary~1"), "{text:?}");
    }
}

#[test]
fn what_stands_in_a_secret_is_refused_with_its_place_and_never_shown() {
    for (text, reason) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("canary\nsecret", "has a line break in it"),
        ("canary\r\nsecret\n", "has a line break in it"),
        ("canary\u{7}secret", "has a control character in it"),
        ("canary\tsecret", "has a control character in it"),
        ("canary\u{feff}secret", "has an invisible character in it"),
        ("canary\u{200b}secret", "has an invisible character in it"),
    ] {
        let said = of_environment(text).expect_err(reason);
        assert!(said.starts_with("m365.yml:5:20: tenants[0].client_secret: ") && said.contains(reason), "{said}");
        let said_of_file = of_file(text.as_bytes()).expect_err(reason);
        assert!(said_of_file.starts_with("m365.yml:5:25: tenants[0].client_secret_file: "), "{said_of_file}");
        assert!(said_of_file.contains(reason) && !format!("{said}{said_of_file}").contains("canary"), "{said_of_file}");
    }
    let utf16 = |order: fn(u16) -> [u8; 2]| "\u{feff}canary".encode_utf16().flat_map(order).collect::<Vec<u8>>();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), utf16(u16::to_le_bytes)[2..].to_vec()] {
        let said = of_file(&bytes).expect_err("UTF-16");
        assert!(said.contains("is UTF-16 text or binary; allowed: UTF-8"), "{said}");
    }
    assert!(of_file(b"canary\xff").expect_err("no text").contains("is not UTF-8 text"));
    assert!(of_file(&vec![b'x'; 70_000]).expect_err("long").contains("longer than 64 KiB"));
}

fn login(lines: &str, value: &str) -> Result<(String, String), String> {
    let text = GOOD.replace(
        "file: {directory: \"${HOME}/documents\"}",
        &format!("elasticsearch: {{hosts: [\"https://es.example\"], {lines}}}"),
    );
    let given = |name: &str| if name == "VALUE" { Some(value.to_owned()) } else { environment(name) };
    let config = parse("m365.yml", &text, &given).map_err(|error| error.to_string())?;
    match &config.outputs[0].output {
        Output::Elasticsearch(output) => match &output.login {
            Login::ApiKey(Secret::Given(key)) => Ok((String::new(), key.expose_secret().to_owned())),
            Login::Basic(name, Secret::Given(password)) => Ok((name.clone(), password.expose_secret().to_owned())),
            other => Err(format!("{other:?}")),
        },
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_password_is_sent_as_it_is_or_refused() {
    let basic = |value| login("username: \" elastic \", password: \"${VALUE}\"", value);
    for good in ["canary word", "canary\n", "\u{feff}canary", "pässword:1"] {
        let (name, password) = basic(good).expect("good");
        assert_eq!((name.as_str(), password.as_str()), ("elastic", good.trim_matches(['\n', '\u{feff}'])));
    }
    for (bad, reason) in [
        (" canary", "begins or ends with a blank"),
        ("canary ", "begins or ends with a blank"),
        ("canary\nword", "has a line break in it"),
        ("canary\u{0}", "has a control character in it"),
        ("", "is empty"),
    ] {
        let said = basic(bad).expect_err("refused");
        assert!(said.contains("output.elasticsearch.password: ") && said.contains(reason), "{bad:?}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
    let said = login("username: \"a:b\", password: \"${VALUE}\"", "canary").expect_err("refused");
    assert!(said.contains("username: is not a user name"), "{said}");
}

#[test]
fn an_api_key_is_sent_encoded_whatever_its_form() {
    // Base64 of `id:canary`.
    const ENCODED: &str = "aWQ6Y2FuYXJ5";
    for written in ["id:canary", ENCODED, "aWQ6Y2FuYXJ5\n", " id:canary "] {
        assert_eq!(login("api_key: \"${VALUE}\"", written), Ok((String::new(), ENCODED.to_owned())), "{written:?}");
    }
    // Padding as it was given, either alphabet, and the keys of Elastic Cloud.
    for as_it_is in ["YTpi", "aWQ6a2V5MQ==", "aWQ6a2V5MQ", "essu_canary=="] {
        assert_eq!(api_key(as_it_is).as_deref(), Ok(as_it_is));
    }
    for wrong in
        ["canary", "ApiKey aWQ6Y2FuYXJ5", ":canary", "canary:", "Y2FuYXJ5", "id:can ary", "canary~key", "aWQ6Y2Fu*"]
    {
        let said = login("api_key: \"${VALUE}\"", wrong).expect_err(wrong);
        assert!(said.contains("api_key: is not an API key; allowed: `id:key`, or its Base64"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn the_password_of_a_proxy_loses_nothing_on_its_way() {
    let proxy = |value: &str| {
        let given = |name: &str| if name == "VALUE" { Some(value.to_owned()) } else { environment(name) };
        let config = parse("m365.yml", &format!("{GOOD}http: {{proxy: \"${{VALUE}}\"}}\n"), &given);
        let proxy = config.map_err(|error| error.to_string())?.http.proxy;
        Ok::<_, String>(proxy.and_then(|proxy| proxy.login).map(|(_, password)| password.expose_secret().to_owned()))
    };
    assert_eq!(proxy("https://u:canary@h\n"), Ok(Some("canary".to_owned())));
    for (wrong, reason) in
        [("https://u:can\nary@h", "has a line break"), ("https://u:canary%0A@h", "is not an address")]
    {
        let said = proxy(wrong).expect_err("refused");
        assert!(said.contains("http.proxy: ") && said.contains(reason) && !said.contains("ary"), "{said}");
    }
}

#[test]
fn time_spans_have_a_bound() {
    for (written, is_one) in [
        ("1s", true),
        ("36500d", true),
        ("36501d", false),
        ("18446744073709551615s", false),
        ("18446744073709551615d", false),
        ("99999999999999999999d", false),
        ("-1d", false),
        ("0s", false),
        ("1e9s", false),
    ] {
        assert_eq!(parse_duration(written).is_some(), is_one, "{written}");
    }
}
