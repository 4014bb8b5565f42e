//! The page, from saved objects and tables written by hand in the shapes that Kibana reads.

mod bundle;
mod sample;

use serde_json::{Value, json};

use super::{Outcome, Page, Shown, html, inert, markdown, policy};
use panels::table::{Kind, Table, TableColumn};
use sample::{column, dashboard, lens, links, outcome, panel, table};

const RANGE: (i64, i64) = (1_700_000_000_000, 1_700_600_000_000);

fn page(dashboards: &[(Value, Vec<Outcome>)]) -> String {
    let shown = dashboards.iter().map(|(dashboard, results)| {
        let results = results.iter().map(|one| Outcome {
            panel: one.panel.clone(),
            layer: one.layer.clone(),
            table: one.table.clone(),
        });
        Shown { dashboard, range: RANGE, results: results.collect() }
    });
    html(&Page { source: "http://cluster.example:9200", made: RANGE.1, dashboards: shown.collect() })
}

/// What the script reads: the content of the element with the data.
fn content(html: &str) -> Value {
    let head = "<script type=\"application/json\" id=\"data\">";
    let (_, rest) = html.split_once(head).expect("the page has data");
    let (data, _) = rest.split_once("</script>").expect("the data end");
    serde_json::from_str(data).expect("the data are JSON")
}

/// The first panel of a dashboard with one panel.
fn drawn(one: Value, results: Vec<Outcome>) -> Value {
    let content = content(&page(&[(dashboard("one", vec![one]), results)]));
    content["dashboards"][0]["panels"][0].clone()
}

fn counts() -> Table {
    table(
        vec![column("who", "Who", Kind::Text), column("n", "Count", Kind::Number)],
        vec![vec![json!("a"), json!(3)], vec![json!("b"), json!(4)]],
    )
}

#[test]
fn a_metric_has_its_numbers_colours_and_trend() {
    let state = json!({
        "layerId": "main", "layerType": "data", "metricAccessor": "n", "secondaryMetricAccessor": "before", "color": "#EE4C48",
        "trendlineLayerId": "trend", "trendlineTimeAccessor": "t", "trendlineMetricAccessor": "m",
        "palette": {"params": {"rangeType": "number", "stops": [{"stop": 5, "color": "#24C292"}, {"stop": 9, "color": "#EE4C48"}]}},
    });
    let results = vec![outcome("p", "main", counts()), outcome("p", "trend", Table::default())];
    let panel = drawn(panel("p", "How many?", lens("lnsMetric", state)), results);
    let expected = json!({
        "kind": "metric", "metric": "n", "secondary": "before", "color": "#EE4C48",
        "stops": {"bounds": [[5, "#24C292"], [null, "#EE4C48"]], "percent": false},
        "trend": {"table": 1, "time": "t", "metric": "m"},
    });
    assert_eq!(panel["view"], expected);
    assert_eq!(panel["title"], "How many?");
    assert_eq!(panel["tables"].as_array().unwrap().len(), 2);
}

#[test]
fn bars_know_their_breakdown_stack_colours_and_reference() {
    let mut attributes = lens(
        "lnsXY",
        json!({
            "legend": {"isVisible": true, "position": "top"}, "fittingFunction": "Zero", "valueLabels": "hide",
            "layers": [
                {"layerId": "main", "layerType": "data", "seriesType": "bar_horizontal_percentage_stacked", "accessors": ["n"],
                 "xAccessor": "who", "splitAccessor": "level", "colorMapping": {
                    "assignments": [{"rule": {"type": "matchExactly", "values": ["High"]}, "color": {"type": "colorCode", "colorCode": "#EE4C48"}}],
                    "specialAssignments": [{"rule": {"type": "other"}, "color": {"type": "loop"}}]}},
                {"layerId": "goal", "layerType": "referenceLine", "accessors": ["limit"],
                 "yConfig": [{"forAccessor": "limit", "color": "#24C292", "lineStyle": "dashed"}]},
            ],
        }),
    );
    attributes["state"]["datasourceStates"]["formBased"]["layers"]["goal"] =
        json!({"columns": {"limit": {"label": "Goal", "operationType": "static_value", "params": {"value": "12.5"}}}});
    let results = vec![outcome("p", "goal", Table::default()), outcome("p", "main", counts())];
    let view = drawn(panel("p", "Who?", attributes), results)["view"].clone();
    assert_eq!(view["horizontal"], true);
    let layer = json!({
        "table": 1, "series": "bar", "stack": "percent", "x": "who", "split": "level", "ys": [{"id": "n"}],
        "colors": {"High": "#EE4C48"},
    });
    assert_eq!(view["layers"], json!([layer]), "the layer is found by its id, wherever its result stands");
    assert_eq!(view["lines"], json!([{"value": 12.5, "label": "Goal", "color": "#24C292", "dash": "dashed"}]));
    assert_eq!(view["legend"], json!({"show": true, "position": "top"}));
}

#[test]
fn a_legend_of_one_series_is_left_out() {
    let state = |accessors: Value| {
        json!({"legend": {"isVisible": true, "position": "right"}, "layers": [
            {"layerId": "main", "layerType": "data", "seriesType": "line", "accessors": accessors, "xAccessor": "who"}]})
    };
    let show = |accessors: Value| {
        let results = vec![outcome("p", "main", counts())];
        drawn(panel("p", "?", lens("lnsXY", state(accessors))), results)["view"]["legend"]["show"].clone()
    };
    assert_eq!(show(json!(["n"])), false);
    assert_eq!(show(json!(["n", "m"])), true);
}

#[test]
fn a_panel_tells_why_nothing_is_good_news() {
    let mut quiet = panel("p", "How many?", lens("lnsMetric", json!({"metricAccessor": "n"})));
    quiet["embeddableConfig"]["description"] = json!("Counts. Empty is good: nothing was lost.");
    assert_eq!(drawn(quiet.clone(), vec![outcome("p", "main", counts())])["quiet"], "nothing was lost.");
    quiet["embeddableConfig"]["description"] = json!("Counts.");
    assert_eq!(drawn(quiet, vec![outcome("p", "main", counts())])["quiet"], Value::Null);
}

#[test]
fn a_table_has_visible_columns_only() {
    let state = json!({
        "columns": [{"columnId": "who"}, {"columnId": "n", "alignment": "right", "colorMode": "cell", "width": 300}, {"columnId": "x", "hidden": true}],
        "sorting": {"columnId": "n", "direction": "desc"},
    });
    let view =
        drawn(panel("p", "?", lens("lnsDatatable", state)), vec![outcome("p", "main", counts())])["view"].clone();
    let ids: Vec<&Value> = view["columns"].as_array().unwrap().iter().map(|column| &column["id"]).collect();
    assert_eq!(ids, ["who", "n"]);
    assert_eq!((&view["columns"][0]["width"], &view["columns"][1]["width"]), (&Value::Null, &json!(300)));
    assert_eq!(view["sort"], json!({"id": "n", "descending": true}));
    assert_eq!(view["columns"][1]["color"], "cell");
}

#[test]
fn a_chart_without_a_drawing_becomes_a_table_of_all_columns() {
    let mosaic = json!({"shape": "mosaic", "layers": [{"metrics": ["n"], "primaryGroups": ["who"]}]});
    for attributes in [lens("lnsPie", mosaic), lens("lnsChoropleth", json!({}))] {
        let view = drawn(panel("p", "?", attributes), vec![outcome("p", "main", counts())])["view"].clone();
        assert_eq!(view["kind"], "table");
        assert_eq!(view["columns"][1]["id"], "n");
    }
}

#[test]
fn what_failed_or_was_not_searched_is_said() {
    let one = || panel("p", "?", lens("lnsMetric", json!({"metricAccessor": "n"})));
    let failed = Outcome { panel: "p".into(), layer: "main".into(), table: Err("no such index [logs]".into()) };
    assert_eq!(drawn(one(), vec![failed])["view"], json!({"kind": "failed", "message": "no such index [logs]"}));
    assert_eq!(drawn(one(), vec![])["view"]["kind"], "failed");
    let odd = json!({"type": "image", "panelIndex": "p", "gridData": {"x": 0, "y": 0, "w": 4, "h": 4}, "embeddableConfig": {}});
    assert!(drawn(odd, vec![])["view"]["message"].as_str().unwrap().contains("`image`"));
}

#[test]
fn links_to_all_dashboards_are_the_navigation_and_others_stay() {
    let both = [("a", "m365-a"), ("b", "m365-b")];
    let with = |id: &str, targets: &[(&str, &str)]| {
        let chart = sample::below(4, panel("p", "?", lens("lnsMetric", json!({"metricAccessor": "n"}))));
        let mut dashboard = dashboard(id, vec![sample::links_panel(targets), chart]);
        links(&mut dashboard, targets);
        (dashboard, vec![outcome("p", "main", counts())])
    };
    let content = content(&page(&[with("m365-a", &both), with("m365-b", &both[..1])]));
    let [all, some] = [0, 1].map(|at| content["dashboards"][at]["panels"].clone());
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all[0]["grid"], json!([0, 0, 24, 10]), "the rows of the navigation are not left empty");
    assert_eq!(some[0]["view"]["links"], json!([{"label": "a", "dashboard": "m365-a"}]));
    assert_eq!(some[1]["grid"], json!([0, 4, 24, 10]));
}

#[test]
fn drilldowns_name_the_dashboard_that_they_open() {
    let mut one = panel("p", "?", lens("lnsMetric", json!({"metricAccessor": "n"})));
    one["embeddableConfig"]["enhancements"] = json!({"dynamicActions": {"events": [{
        "eventId": "e1", "action": {"factoryId": "DASHBOARD_TO_DASHBOARD_DRILLDOWN", "name": "Open alerts"},
    }]}});
    let mut dashboard = dashboard("one", vec![one]);
    let name = "p:drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:e1:dashboardId";
    dashboard["references"] = json!([{"name": name, "type": "dashboard", "id": "m365-alerts"}]);
    let content = content(&page(&[(dashboard, vec![])]));
    let expected = json!([{"label": "Open alerts", "dashboard": "m365-alerts"}]);
    assert_eq!(content["dashboards"][0]["panels"][0]["drilldowns"], expected);
}

#[test]
fn controls_stand_in_their_order_with_what_is_chosen() {
    let mut dashboard = dashboard("one", vec![]);
    dashboard["attributes"]["controlGroupInput"] = json!({"panelsJSON": {
        "a": {"order": 1, "explicitInput": {"title": "Tenant", "selectedOptions": []}},
        "b": {"order": 0, "explicitInput": {"title": "Incident", "selectedOptions": ["42", 7]}},
    }});
    let controls = content(&page(&[(dashboard, vec![])]))["dashboards"][0]["controls"].clone();
    assert_eq!(controls, json!([{"title": "Incident", "selected": ["42", "7"]}, {"title": "Tenant", "selected": []}]));
}

/// Values that try to end the element they stand in, begin a comment, or run.
const HOSTILE: [&str; 5] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"><img src=x onerror=alert(1)>",
    "]]></SCRIPT >",
    "invoice\u{202e}fdp.exe",
];

#[test]
fn no_value_leaves_the_data() {
    let rows = HOSTILE.iter().map(|text| vec![json!(text), json!(1)]).collect();
    let found = table(vec![column(HOSTILE[0], HOSTILE[0], Kind::Text), column("n", HOSTILE[1], Kind::Number)], rows);
    let mut one = panel("p", HOSTILE[0], lens("lnsDatatable", json!({"columns": [{"columnId": HOSTILE[0]}]})));
    one["embeddableConfig"]["description"] = json!(HOSTILE[1]);
    let mut object = dashboard("one", vec![one]);
    object["attributes"]["title"] = json!(HOSTILE[2]);
    object["attributes"]["description"] = json!(HOSTILE[3]);
    let failed = Outcome { panel: "p".into(), layer: "other".into(), table: Err(HOSTILE[0].into()) };
    for results in [vec![outcome("p", "main", found.clone())], vec![failed]] {
        let hostile = page(&[(object.clone(), results)]);
        let plain = page(&[(dashboard("one", vec![]), vec![])]);
        for sign in ["<script", "</script", "<!--", "<img"] {
            let count = |text: &str| text.to_lowercase().matches(sign).count();
            assert_eq!(count(&hostile), count(&plain), "{sign}");
        }
    }
    let content = content(&page(&[(object, vec![outcome("p", "main", found)])]));
    let rows = content["dashboards"][0]["panels"][0]["tables"][0]["rows"].clone();
    let back: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(back, HOSTILE, "values arrive as they are");
}

#[test]
fn only_angle_brackets_are_written_otherwise() {
    let text = json!({"a": "<b> & \"c\" \u{2028} é \\u003c"}).to_string();
    assert!(!inert(&text).contains('<'));
    assert_eq!(serde_json::from_str::<Value>(&inert(&text)).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
}

#[test]
fn markdown_keeps_foreign_markup_as_text() {
    let html = markdown::render(
        "**Bold** <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](https://example.com)\n\n![i](https://example.com/i.png)",
    );
    assert!(html.contains("<strong>Bold</strong>") && html.contains("href=\"https://example.com\""), "{html}");
    assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("javascript:"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
}

#[test]
fn the_policy_lets_this_script_run_and_nothing_else() {
    let html = page(&[(dashboard("one", vec![]), vec![])]);
    assert!(html.contains(&format!("content=\"{}\"", policy())));
    assert!(policy().starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(!policy().contains("http") && !policy().contains("unsafe-eval"), "{}", policy());
    assert!(!policy().contains("script-src 'unsafe-inline'"));
}

#[test]
fn nothing_on_the_page_is_fetched() {
    let html = page(&[(dashboard("one", vec![]), vec![])]);
    let (head, _) = html.split_once("<script type").unwrap();
    for way in ["src=", "url(", "@import", "http:", "https:", "//"] {
        assert!(!head.contains(way), "{way}");
    }
    let script = super::SCRIPT;
    for way in ["fetch(", "XMLHttpRequest", "importScripts", "WebSocket", "EventSource", "sendBeacon"] {
        assert!(!script.contains(way), "the script has `{way}`");
    }
}

#[test]
fn tables_arrive_whole() {
    let formatted = TableColumn { format: json!({"id": "bytes"}), ..column("n", "Size", Kind::Number) };
    let found = Table { total_hits: 9, ..table(vec![formatted], vec![vec![Value::Null], vec![json!(1.5)]]) };
    let shown = drawn(panel("p", "?", lens("lnsMetric", json!({}))), vec![outcome("p", "main", found)]);
    let expected = json!([{
        "columns": [{"id": "n", "label": "Size", "kind": "number", "format": {"id": "bytes"}}],
        "rows": [[null], [1.5]], "total_hits": 9,
    }]);
    assert_eq!(shown["tables"], expected);
}
