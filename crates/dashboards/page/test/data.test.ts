import assert from "node:assert/strict";
import { test } from "node:test";
import { pivot, shares } from "../src/charts/pivot";
import { middle, placesOf, unwrap } from "../src/charts/map";
import { assign, band, contrast, inkOn, luminance, mix, rgb } from "../src/color";
import { column, intervalOf, isNothing, widthOf } from "../src/data";
import type { Panel, Table, XyLayer } from "../src/model";

const DAY = 86_400_000;
const table: Table = {
  columns: [
    { id: "level", label: "Level", kind: "text" },
    { id: "day", label: "Day", kind: "date" },
    { id: "n", label: "Count", kind: "number" },
  ],
  rows: [["High", 2 * DAY, 3], ["High", DAY, 1], ["Low", 2 * DAY, 9], ["Low", 3 * DAY, null]],
  total_hits: 13,
};
const panel: Panel = { id: "p", title: "?", description: "", grid: [0, 0, 1, 1], drilldowns: [], view: { kind: "failed", message: "" }, tables: [table] };
const layer: XyLayer = { table: 0, series: "bar", stack: "stacked", x: "day", split: "level", ys: [{ id: "n" }], colors: {} };

test("series stand over one axis of time, gaps are nothing or zero", () => {
  const made = pivot(panel, [layer], false);
  assert.deepEqual(made.times, [DAY, 2 * DAY, 3 * DAY]);
  assert.deepEqual(made.lanes.map((lane) => [lane.name, lane.values]), [["High", [1, 3, null]], ["Low", [null, 9, null]]]);
  assert.deepEqual(pivot(panel, [layer], true).lanes.map((lane) => lane.values), [[1, 3, 0], [0, 9, 0]]);
  assert.equal(made.interval, DAY);
});

test("shares of each position make a hundred", () => {
  const made = shares(pivot(panel, [layer], true).lanes);
  assert.deepEqual(made.map((values) => values[1]), [25, 75]);
  assert.deepEqual(made.map((values) => values[2]), [0, 0], "nothing has no shares");
});

test("a column that the result lacks is none", () => {
  assert.equal(column(table, "absent"), null);
  assert.equal(column(table, undefined), null);
  assert.equal(intervalOf([5]), DAY);
});

test("nothing is no rows, or no number but zero", () => {
  const of = (rows: Table["rows"]) => isNothing({ ...panel, tables: [{ ...table, rows }] });
  assert.ok(of([]) && of([["High", DAY, 0], ["Low", DAY, null]]));
  assert.ok(!of(table.rows));
  const words: Table = { columns: [{ id: "word", label: "Word", kind: "text" }], rows: [["a"]], total_hits: 1 };
  assert.ok(!isNothing({ ...panel, tables: [words] }), "a word is something");
});

test("buckets of time are as wide as the search says", () => {
  const days = column(table, "day")!;
  assert.equal(widthOf(days), DAY);
  const hourly = { ...table, columns: table.columns.map((one) => ({ ...one, format: { id: "date", params: { millis: 3_600_000 } } })) };
  assert.equal(widthOf(column(hourly, "day")!), 3_600_000);
});

test("a country over the date line stays in one piece", () => {
  const country = [[[[170, 60], [179, 61], [-175, 62]]], [[[-170, 60], [-160, 61]]]];
  unwrap(country);
  assert.deepEqual(country, [[[[170, 60], [179, 61], [185, 62]]], [[[-170, 60], [-160, 61]]]]);
});

test("colours of values are those of the saved object, others differ from them", () => {
  const colors = assign(["High", "low", "Odd", "Other"], { high: "#ee4c48", Low: "#fcd883" });
  assert.equal(colors.get("High"), "#ee4c48");
  assert.equal(colors.get("low"), "#fcd883");
  assert.equal(new Set(colors.values()).size, 4);
});

test("a number lies in the band below whose bound it is", () => {
  const stops = { bounds: [[5, "#a"], [10, "#b"], [null, "#c"]] as [number | null, string][], percent: false };
  assert.deepEqual([0, 5, 9.9, 10, 99].map((value) => band(value, stops)), ["#a", "#b", "#b", "#c", "#c"]);
  assert.equal(band(1, undefined), null);
  assert.equal(band(50, { ...stops, percent: true }, 0, 1000), "#b");
});

test("colours are read whole", () => {
  assert.deepEqual(rgb("#C61E25"), [198, 30, 37]);
  assert.deepEqual(rgb("#f0a"), [255, 0, 170]);
  assert.ok(Math.abs(luminance("#808080") - 0.2159) < 0.001);
  assert.equal(mix("#000000", "#ffffff", 0.5), "#808080");
});

test("text on any colour is legible", () => {
  for (let value = 0; value < 0xffffff; value += 4099) {
    const color = `#${value.toString(16).padStart(6, "0")}`;
    assert.ok(contrast(color, inkOn(color)) >= 4.5, color);
  }
});

test("tiles of a map are places", () => {
  assert.deepEqual(middle("0/0/0"), [0, 0]);
  const [longitude, latitude] = middle("6/34/20") ?? [];
  assert.ok(Math.abs(longitude! - 14.06) < 0.01 && Math.abs(latitude! - 54.16) < 0.2, `${longitude} ${latitude}`);
  assert.equal(middle("x"), null);
  const rows = placesOf({
    columns: [{ id: "t", label: "", kind: "geo_tile" }, { id: "p", label: "", kind: "geo_point" }, { id: "n", label: "", kind: "number" }],
    rows: [["0/0/0", { lat: 52.5, lon: 13.4 }, 7], ["0/0/0", null, 2], [null, null, 1]],
    total_hits: 10,
  });
  assert.deepEqual(rows, [{ longitude: 13.4, latitude: 52.5, amount: 7 }, { longitude: 0, latitude: 0, amount: 2 }]);
});
