// Tiles: one number, or one per value of a breakdown.
import { band } from "../color";
import { column, tableOf } from "../data";
import { foreign, h } from "../dom";
import type { MetricView, Panel } from "../model";
import { sparkline } from "./sparkline";

export function metric(panel: Panel, view: MetricView): HTMLElement {
  const table = tableOf(panel);
  const main = column(table, view.metric);
  const second = column(table, view.secondary);
  const by = column(table, view.by);
  const values = table.rows.map((row) => main?.number(row) ?? 0);
  const rows = by ? table.rows : table.rows.slice(0, 1);
  const tiles = rows.map((row) => {
    const value = main?.number(row);
    const color = value == null ? null : (band(value, view.stops, Math.min(...values), Math.max(...values)) ?? view.color);
    const maximum = column(table, view.max)?.number(row);
    return h(
      "div",
      { class: "tile", style: color ? `--mark:${color}` : null },
      h("div", { class: (main?.text(row).length ?? 0) > 12 ? "tile-number long" : "tile-number" }, foreign(main?.text(row) ?? "–")),
      by ? h("div", { class: "tile-name" }, foreign(by.text(row))) : null,
      view.subtitle ? h("div", { class: "tile-note" }, view.subtitle) : null,
      second ? h("div", { class: "tile-note" }, `${second.column.label} `, foreign(second.text(row))) : null,
      value != null && maximum ? meter(value / maximum) : null,
    );
  });
  const trend = view.trend && trendOf(panel, view);
  return h("div", { class: "tiles" }, tiles.length > 0 ? tiles : h("p", { class: "empty" }, "No value"), trend ?? null);
}

function meter(share: number): HTMLElement {
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 100);
  return h("div", { class: "meter" }, h("span", { style: `width:${percent}%` }));
}

function trendOf(panel: Panel, view: MetricView): Element | null {
  const table = tableOf(panel, view.trend?.table);
  const time = column(table, view.trend?.time);
  const value = column(table, view.trend?.metric);
  if (!time || !value) return null;
  const points = table.rows.map((row): [number, number] => [time.instant(row) ?? 0, value.number(row) ?? 0]);
  return points.length < 2 ? null : sparkline(points, view.color);
}
