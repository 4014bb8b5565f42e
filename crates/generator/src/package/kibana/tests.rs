use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// Saved objects of the source package, by path.
fn source() -> Vec<(String, Value)> {
    let objects = super::files().unwrap().into_iter().filter(|(path, _)| path != "kibana/tags.yml");
    objects.map(|(path, text)| (path, serde_json::from_str(&text).unwrap())).collect()
}

#[test]
fn files_are_named_after_their_objects() {
    let objects = source();
    let mut folders = BTreeSet::new();
    for (path, object) in &objects {
        let path = Path::new(path);
        assert_eq!(path.file_stem().unwrap().to_str(), object["id"].as_str(), "{}", path.display());
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert_eq!(object["type"].as_str().unwrap().replace('-', "_"), folder);
        folders.insert(folder.to_owned());
    }
    assert_eq!(folders, ["dashboard", "index_pattern", "search"].map(str::to_owned).into());
    assert!(objects.len() > 10, "{} objects", objects.len());
}

/// Kibana parses panels of the installed package only where they are text; people read those of the source package.
#[test]
fn the_installed_form_differs_in_its_texts_only() {
    let built = |path: &str, object: &Value| super::built(Path::new(path), object.to_string().as_bytes()).unwrap();
    let mut seen = 0;
    for (path, object) in source() {
        let installed: Value = serde_json::from_slice(&built(&path, &object)).unwrap();
        assert_eq!(installed["references"], object["references"], "{path}");
        assert_eq!(built(&path, &installed), built(&path, &object), "{path}: built twice");
        if object["type"] == "dashboard" {
            seen += 1;
            assert!(object["attributes"]["panelsJSON"].is_array(), "{path}");
            let panels: Value = serde_json::from_str(installed["attributes"]["panelsJSON"].as_str().unwrap()).unwrap();
            let count = |panels: &Value| panels.as_array().unwrap().len();
            assert_eq!(count(&panels), count(&object["attributes"]["panelsJSON"]), "{path}");
        }
    }
    assert_eq!(seen, dashboards::all().len());
}

#[test]
fn what_is_no_saved_object_stays_as_it_is() {
    let bytes = b"- text: Security Solution\n";
    assert_eq!(super::built(Path::new("kibana/tags.yml"), bytes).unwrap(), bytes);
    assert!(super::built(Path::new("kibana/dashboard/x.json"), b"{").unwrap_err().to_string().contains("no JSON"));
}
