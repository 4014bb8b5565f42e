//! What the things that a record tells of look like in ECS: accounts, mail, files, processes, keys of the registry.

use serde_json::{Value, json};

use super::{alert, check, document, evidence};
use crate::{FactsReader, Rollup};

const TYPE: &str = "#microsoft.graph.security.";

fn item(kind: &str, members: &str) -> String {
    format!(r#"{{"@odata.type":"{TYPE}{kind}Evidence",{members}}}"#)
}

/// The document of the item alone, and that of the alert with it.
fn both(kind: &str, members: &str) -> [Value; 2] {
    let item = item(kind, members);
    [document("evidence", &evidence(&item)), document("alert", &evidence(&format!("[{item}]")))]
}

fn incident(members: &str) -> String {
    format!(r#"{{"id":"7","tenantId":"t","lastUpdateDateTime":"2026-03-02T09:40:01Z",{members}}}"#)
}

fn log(members: &str, entity: &str) -> String {
    let alert = format!(r#""alerts":{{"alertId":"a","entities":{{{entity}}},{members}}}"#);
    format!(r#"{{"incidentId":1,"lastUpdateTime":"2026-03-02T09:40:01Z","assignedTo":"ada@north.example",{alert}}}"#)
}

#[test]
fn who_works_on_an_alert_is_no_account_of_it() {
    let row = alert(
        r##""assignedTo":"soc@north.example","comments":[{"comment":"x","createdByDisplayName":"soc@north.example"}],
        "evidence":[{"@odata.type":"#microsoft.graph.security.userEvidence","userAccount":{"accountName":"kim"}}]"##,
    );
    check(
        &document("alert", &row),
        &[
            ("/related/user", json!(["kim"])),
            ("/m365_defender/alert/assigned_to", json!("soc@north.example")),
            ("/m365_defender/alert/comments/0/createdByDisplayName", json!("soc@north.example")),
        ],
    );
    let mut reader = FactsReader::new(schema::dataset("alert").expect("dataset"));
    let (mut rollup, mut out) = (Rollup::default(), Vec::new());
    rollup.add(reader.read(row.as_bytes()).expect("facts"));
    rollup.write(&mut out);
    assert_eq!(super::json::strict(&out)["users"], json!(["kim"]));
}

#[test]
fn words_of_automations_are_no_accounts_of_an_incident() {
    let row = incident(
        r#""assignedTo":"Automation","lastModifiedBy":"Microsoft 365 Defender-AlertCorrelation","comments":[
        {"comment":"x","createdBy":"kim@north.example"},{"createdBy":"API-Action"},{"createdByDisplayName":"System"},
        {"createdBy":""},{"createdBy":"5f1e8ace-dc06-4031-aad5-53b710838eb3"}],"rollup":{"users":["ada"]}"#,
    );
    check(&document("incident", &row), &[("/related/user", json!(["kim@north.example", "ada"]))]);
    let row = incident(r#""assignedTo":"soc@north.example""#);
    check(&document("incident", &row), &[("/related/user", json!(["soc@north.example"]))]);
    let row = log(r#""assignedTo":"soc@north.example""#, r#""accountName":"kim""#);
    check(&document("log", &row), &[("/related/user", json!(["ada@north.example", "kim"]))]);
}

#[test]
fn every_document_names_the_product() {
    let product = |dataset: &str, row: &str, name: &str| {
        check(&document(dataset, row), &[("/observer/vendor", json!("Microsoft")), ("/observer/product", json!(name))]);
    };
    let identity = "Microsoft Defender for Identity";
    product("incident", &incident(r#""status":"active""#), "Microsoft Defender XDR");
    for dataset in ["alert", "evidence"] {
        let row = |members: &str| evidence(r#"{"verdict":"a"}"#).replacen('{', &format!("{{{members}"), 1);
        product(dataset, &row(""), "Microsoft Defender XDR");
        product(dataset, &row(r#""serviceSource":"microsoftDefenderForIdentity","#), identity);
        product(
            dataset,
            &row(r#""serviceSource":"unknown","detectionSource":"microsoftSentinel","#),
            "Microsoft Sentinel",
        );
        product(dataset, &row(r#""serviceSource":"microsoftDefenderForIdentity","productName":"P","#), "P");
    }
    product("log", &log(r#""serviceSource":"AzureATP""#, ""), identity);
    product("log", &log(r#""serviceSource":"Other""#, ""), "Microsoft Defender XDR");
}

#[test]
fn techniques_name_their_framework() {
    let framework = |row: &str| document("incident", row).pointer("/threat/framework").cloned();
    for members in [r#""mitreTechniques":["T1059.001","T1105"]"#, r#""categories":["Malware","Execution"]"#] {
        assert_eq!(framework(&incident(&format!(r#""rollup":{{{members}}}"#))), Some(json!("MITRE ATT&CK")));
    }
    assert_eq!(framework(&incident(r#""rollup":{"categories":["Malware"]}"#)), None);
}

#[test]
fn accounts_have_name_and_domain() {
    for (account, name, domain) in [
        (r#""userPrincipalName":"kim@north.example""#, "kim", json!("north.example")),
        (r#""accountName":"NORTH\\kim""#, "kim", json!("NORTH")),
        (r#""accountName":"kim","domainName":"NORTH","userPrincipalName":"lee@north.example""#, "kim", json!("NORTH")),
        (r#""accountName":"\\kim""#, "kim", Value::Null),
    ] {
        for document in both("user", &format!(r#""userAccount":{{{account}}}"#)) {
            check(&document, &[("/user/name", json!(name)), ("/user/domain", domain.clone())]);
            let related = document["related"]["user"].as_array().expect("a list");
            assert!(related.contains(&json!(name)), "{related:?}");
        }
        check(
            &document("evidence", &evidence(&item("process", &format!(r#""userAccount":{{{account}}}"#)))),
            &[("/process/user/name", json!(name))],
        );
        check(
            &document("log", &log(r#""status":"New""#, account)),
            &[("/user/name", json!(name)), ("/user/domain", domain)],
        );
    }
    for document in both("mailbox", r#""upn":"kim@north.example","userAccount":{"userSid":"S-1"}"#) {
        check(&document, &[("/user/name", json!("kim")), ("/user/domain", json!("north.example"))]);
    }
    for document in both("mailbox", r#""upn":"kim@north.example","userAccount":{"accountName":"lee"}"#) {
        check(&document, &[("/user/name", json!("lee")), ("/user/email", json!("kim@north.example"))]);
    }
}

#[test]
fn senders_have_address_name_and_domain() {
    let sender = r#""\"Shop\" <news@Shop.example>""#;
    for document in both("submissionMail", &format!(r#""sender":{sender},"recipient":"a@b.example;c@b.example""#)) {
        check(
            &document,
            &[
                ("/email/from/address", json!(["news@Shop.example"])),
                ("/email/to/address", json!(["a@b.example", "c@b.example"])),
                ("/related/hosts", json!(["shop.example"])),
                ("/related/user", json!(["a@b.example", "c@b.example", "news@Shop.example"])),
            ],
        );
        let own = &document["m365_defender"]["alert"]["evidence"];
        let own = own.get(0).unwrap_or(own);
        check(own, &[("/sender", json!("\"Shop\" <news@Shop.example>")), ("/sender_display_name", json!("Shop"))]);
    }
    for document in
        both("analyzedMessage", &format!(r#""p1Sender":{{"emailAddress":{sender},"domainName":"CDN.example"}}"#))
    {
        check(
            &document,
            &[
                ("/email/sender/address", json!("news@Shop.example")),
                ("/related/hosts", json!(["cdn.example", "shop.example"])),
            ],
        );
    }
    check(
        &document(
            "log",
            &log(r#""status":"New""#, &format!(r#""sender":{sender},"recipient":"A <a@b.example>, B <c@b.example>""#)),
        ),
        &[
            ("/email/from/address", json!(["news@Shop.example"])),
            ("/m365_defender/alerts/entities/senderDisplayName", json!("Shop")),
            ("/m365_defender/alerts/entities/recipientDisplayName", json!(["A", "B"])),
        ],
    );
    check(
        &document("evidence", &evidence(&item("teamsMessage", r#""recipients":["A <a@b.example>","c@b.example"]"#))),
        &[("/m365_defender/alert/evidence/recipients_display_name", json!(["A"]))],
    );
}

#[test]
fn domains_are_related_hosts() {
    let cases = [
        ("url", r#""url":"http://kim:word@Shop.example:8080/a""#, json!(["shop.example"]), Value::Null),
        ("url", r#""url":"http://192.0.2.4:80/""#, Value::Null, json!(["192.0.2.4"])),
        ("url", r#""url":"http://[2001:DB8::4]/""#, Value::Null, json!(["2001:db8::4"])),
        (
            "analyzedMessage",
            r#""urls":["https://a.example/","https://b.example/"]"#,
            json!(["a.example", "b.example"]),
            Value::Null,
        ),
        ("dns", r#""domainName":"Shop.example.""#, json!(["shop.example"]), Value::Null),
        ("device", r#""dnsDomain":"North.example""#, json!(["north.example"]), Value::Null),
    ];
    for (kind, members, hosts, ips) in cases {
        for document in both(kind, members) {
            check(&document, &[("/related/hosts", hosts.clone()), ("/related/ip", ips.clone())]);
        }
    }
    let row = alert(r#""alertWebUrl":"https://security.example/a""#);
    check(&document("alert", &row), &[("/related", Value::Null)]);
}

#[test]
fn urls_have_all_their_parts() {
    for document in both("url", r#""url":"https://kim:word@h.example/""#) {
        check(&document, &[("/url/username", json!("kim")), ("/url/password", json!("word"))]);
    }
    let row = incident(r#""incidentWebUrl":"https://kim:word@h.example/a""#);
    check(
        &document("incident", &row),
        &[(
            "/m365_defender/incident/web_url",
            json!({"original": "https://kim:word@h.example/a", "full": "https://kim:word@h.example/a", "domain": "h.example",
                "path": "/a", "scheme": "https", "username": "kim", "password": "word"}),
        )],
    );
}

#[test]
fn a_path_without_a_name_is_whole() {
    let path = r#"{"filePath":"C:\\Windows\\cmd.exe"}"#;
    let file = |scope: &str| {
        [("name", "cmd.exe"), ("path", r"C:\Windows\cmd.exe"), ("directory", r"C:\Windows"), ("extension", "exe")]
            .map(|(name, value)| (format!("/{scope}/{name}"), json!(value)))
    };
    for document in both("file", &format!(r#""fileDetails":{path}"#)) {
        for (pointer, value) in file("file") {
            check(&document, &[(&pointer, value)]);
        }
    }
    for document in both("process", &format!(r#""imageFile":{path},"parentProcessImageFile":{path}"#)) {
        for scope in ["/process", "/process/parent"] {
            check(
                document.pointer(scope).expect("an object"),
                &[("/name", json!("cmd.exe")), ("/executable", json!(r"C:\Windows\cmd.exe"))],
            );
        }
    }
    let both = document("log", &log(r#""status":"New""#, r#""filePath":"C:\\Windows\\cmd.exe""#));
    for (pointer, value) in file("file") {
        check(&both, &[(&pointer, value)]);
    }
}

#[test]
fn a_legacy_process_is_a_process() {
    let members = r#""entityType":"Process","fileName":"cmd.exe","filePath":"C:\\Windows","sha1":"AB","sha256":"CD",
        "processId":7,"processCommandLine":"cmd.exe /c x","parentProcessId":"5","parentProcessFileName":"p.exe""#;
    let process = document("log", &log(r#""status":"New""#, members));
    check(
        &process,
        &[
            ("/process/name", json!("cmd.exe")),
            ("/process/executable", json!(r"C:\Windows\cmd.exe")),
            ("/process/hash", json!({"sha1": "ab", "sha256": "cd"})),
            ("/process/pid", json!(7)),
            ("/process/command_line", json!("cmd.exe /c x")),
            ("/process/parent/pid", json!(5)),
            ("/process/parent/name", json!("p.exe")),
        ],
    );
    let file = document("log", &log(r#""status":"New""#, &members.replace("\"Process\"", "\"File\"")));
    check(&file, &[("/process/name", Value::Null), ("/process/hash", Value::Null), ("/file/name", json!("cmd.exe"))]);
}

#[test]
fn keys_of_the_registry_have_a_short_hive() {
    for (hive, key) in [("HKEY_LOCAL_MACHINE", r"SOFTWARE\\X"), ("", r"HKEY_LOCAL_MACHINE\\SOFTWARE\\X")] {
        let members = format!(r#""registryHive":"{hive}","registryKey":"{key}","registryValueName":"v""#);
        let [one, whole] = both("registryValue", &members);
        for document in [one, whole, document("log", &log(r#""status":"New""#, &members))] {
            check(
                &document,
                &[
                    ("/registry/hive", json!("HKLM")),
                    ("/registry/key", json!(r"SOFTWARE\X")),
                    ("/registry/path", json!(r"HKLM\SOFTWARE\X\v")),
                    ("/registry/value", json!("v")),
                ],
            );
        }
    }
}

/// What the document of an item says of a thing, the alert says as a whole too.
#[test]
fn groups_are_lifted_whole() {
    let record = ["@timestamp", "ecs", "event", "message", "observer", "rule", "m365_defender", "user_agent"];
    for (kind, members) in [
        (
            "process",
            r#""mdeDeviceId":"d","processId":1,"processCreationDateTime":"2026-03-02T09:05:13Z","processCommandLine":"a b",
            "parentProcessId":2,"parentProcessCreationDateTime":"2026-03-02T09:05:12Z",
            "imageFile":{"fileName":"a.exe","filePath":"C:\\a","sha1":"ab","signer":"s"},
            "parentProcessImageFile":{"fileName":"p.exe","filePath":"C:\\p","sha256":"cd","signer":"s"},
            "userAccount":{"accountName":"kim","userSid":"S-1"}"#,
        ),
        (
            "device",
            r#""mdeDeviceId":"d","deviceDnsName":"a.north.example","osPlatform":"Windows11","version":"24H2","riskScore":"high",
            "ntDomain":"NORTH","azureAdDeviceId":"E","vmMetadata":{"vmId":"v","cloudProvider":"azure"}"#,
        ),
        (
            "registryValue",
            r#""registryHive":"HKLM","registryKey":"k","registryValueName":"v","registryValue":"d","registryValueType":"String""#,
        ),
        (
            "dns",
            r#""domainName":"a.example","ipAddresses":[{"ipAddress":"192.0.2.7"}],"dnsServerIp":{"ipAddress":"192.0.2.8"}"#,
        ),
        ("file", r#""fileDetails":{"fileName":"a.exe","filePath":"C:\\a","fileSize":7,"md5":"ab","signer":"s"}"#),
        ("ip", r#""ipAddress":"192.0.2.7","countryLetterCode":"AT","location":{"city":"Wien"}"#),
        ("url", r#""url":"https://kim@a.example:8443/b.c?d#e""#),
        ("amazonResource", r#""amazonAccountId":"1","amazonResourceId":"2""#),
        ("container", r#""containerId":"c","name":"n","isPrivileged":true,"image":{"imageId":"i"},"pod":{"name":"p"}"#),
        ("securityGroup", r#""securityGroupId":"g","displayName":"n""#),
        (
            "networkConnection",
            r#""protocol":"Tcp","sourceAddress":{"ipAddress":"192.0.2.7"},"sourcePort":1,"destinationPort":2"#,
        ),
        (
            "analyzedMessage",
            r#""subject":"s","networkMessageId":"n","antiSpamDirection":"inbound","receivedDateTime":"2026-03-02T09:05:12Z""#,
        ),
    ] {
        let [one, whole] = both(kind, members);
        let mut seen = 0;
        for (group, fields) in one.as_object().expect("an object") {
            if record.contains(&group.as_str()) {
                continue;
            }
            seen += 1;
            if kind == "amazonResource" && group == "cloud" {
                assert_eq!(whole["cloud"]["provider"], "aws");
                assert_eq!(whole["cloud"]["account"]["id"], json!(["1", "t1"]), "that of the tenant beside it");
                continue;
            }
            assert_eq!(whole.get(group), Some(fields), "{kind}: {group}");
        }
        assert!(seen > 0, "{kind}");
    }
}

#[test]
fn labels_under_both_names_are_one_list() {
    let tags = |members: &str| document("alert", &alert(members))["m365_defender"]["alert"].get("tags").cloned();
    assert_eq!(tags(r#""customTags":["a"],"tags":["b","a"]"#), Some(json!(["a", "b", "a"])));
    assert_eq!(tags(r#""tags":"b","systemTags":["s"]"#), Some(json!(["b"])));
    assert_eq!(tags(r#""customTags":["a"],"tags":[null]"#), Some(json!(["a"])));
    assert_eq!(tags(r#""customTags":[],"tags":[],"systemTags":["s"]"#), None);
    let row = incident(r#""customTags":["a"],"tags":["b"],"systemTags":["s"]"#);
    check(
        &document("incident", &row),
        &[("/m365_defender/incident/tags", json!(["a", "b"])), ("/m365_defender/incident/system_tags", json!(["s"]))],
    );
}

#[test]
fn comments_keep_their_names() {
    let row = incident(r#""comments":[{"comment":"x","createdBy":"kim","createdTime":"2026-03-02T09:05:13Z"}]"#);
    check(
        &document("incident", &row),
        &[(
            "/m365_defender/incident/comments",
            json!([{"comment": "x", "createdBy": "kim", "createdTime": "2026-03-02T09:05:13Z"}]),
        )],
    );
}
