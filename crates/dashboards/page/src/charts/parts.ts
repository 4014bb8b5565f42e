// Shares of a whole: donuts, pies, treemaps.
import { assign, inkOn, mix } from "../color";
import { type Series, column, tableOf } from "../data";
import { compact, number } from "../format";
import type { PartView, Panel } from "../model";
import { type Drawing, type Entry, type Option, type Room, tip } from "./chart";

/** A value of the outermost group and what it divides into. */
interface Part {
  name: string;
  value: number;
  color: string;
  inner: { name: string; value: number; color: string }[];
}

export function parts(panel: Panel, view: PartView): Drawing {
  const table = tableOf(panel);
  const measure = column(table, view.metric);
  const groups = view.groups.flatMap((id) => column(table, id) ?? []);
  const all = measure ? grouped(groups, measure, view) : [];
  const total = all.reduce((sum, part) => sum + part.value, 0);
  const figure = (value: number) =>
    view.numbers === "percent" && total > 0 ? `${number((value / total) * 100, { id: "number", params: { decimals: 1 } })}%` : number(value, measure?.column.format);
  const entries: Entry[] = all.map(({ name, value, color }) => ({ name, color, figure: view.numbers === "hidden" ? undefined : figure(value) }));
  const list = all.slice(0, 5).map(({ name, value }) => `${name} ${figure(value)}`).join(", ");
  const isMap = view.kind === "treemap";
  return {
    summary: `${panel.title} ${isMap ? "Treemap" : "Donut"} of ${all.length} parts: ${list}. The button "Show figures" shows its table.`,
    option: (room) => (isMap ? treemap(all, figure, room) : rings(view, all, total, measure, room)),
    legend: view.legend.show && !isMap ? { entries, position: view.legend.position } : null,
  };
}

function grouped(groups: Series[], measure: Series, view: PartView): Part[] {
  const [outer, inner] = groups;
  const found = new Map<string, Part>();
  for (const row of measure.table.rows) {
    const name = outer?.text(row) ?? measure.column.label;
    const value = Math.max(measure.number(row) ?? 0, 0);
    const part = found.get(name) ?? { name, value: 0, color: "", inner: [] };
    part.value += value;
    if (inner && value > 0) part.inner.push({ name: inner.text(row), value, color: "" });
    found.set(name, part);
  }
  const all = [...found.values()].filter((part) => part.value > 0);
  const colors = assign(all.map((part) => part.name), view.colors);
  for (const part of all) {
    part.color = colors.get(part.name) as string;
    part.inner.forEach((piece, at) => {
      piece.color = mix(part.color, "#ffffff", 0.12 + 0.4 * (at / Math.max(part.inner.length, 1)));
    });
  }
  return all;
}

function rings(view: PartView, all: Part[], total: number, measure: Series | null, room: Room): Option {
  const hole = view.kind === "donut";
  const nested = all.some((part) => part.inner.length > 0);
  const edge = { borderColor: room.panel, borderWidth: 2 };
  const ring = (data: { name: string; value: number; color: string }[], radius: [string, string]): Option => ({
    type: "pie",
    radius,
    label: { show: false },
    labelLine: { show: false },
    emphasis: { scaleSize: 3 },
    data: data.map(({ name, value, color }) => ({ name, value, itemStyle: { color, ...edge } })),
  });
  const series = nested
    ? [ring(all, [hole ? "38%" : "0%", "66%"]), ring(all.flatMap((part) => part.inner), ["68%", "94%"])]
    : [ring(all, [hole ? "62%" : "0%", "94%"])];
  if (hole && series[0]) {
    series[0].label = {
      show: true, position: "center", color: room.ink, fontSize: Math.min(24, Math.max(13, room.height / 8)), fontWeight: 600,
      formatter: () => (measure?.column.format?.id ? number(total, measure.column.format) : compact(total)),
    };
  }
  return {
    legend: { show: false },
    series,
    tooltip: {
      formatter: ({ name, value, percent }: { name: string; value: number; percent: number }) =>
        tip(name, [{ name: measure?.column.label ?? "", figure: `${number(value, measure?.column.format)} (${percent}%)` }]),
    },
  };
}

function treemap(all: Part[], figure: (value: number) => string, room: Room): Option {
  const node = ({ name, value, color }: { name: string; value: number; color: string }) => ({
    name, value, itemStyle: { color }, label: { color: inkOn(color) },
  });
  const data = all.map((part) =>
    part.inner.length > 0 ? { ...node(part), upperLabel: { color: room.ink }, itemStyle: { color: room.ground, borderColor: room.ground }, children: part.inner.map(node) } : node(part),
  );
  const nested = all.some((part) => part.inner.length > 0);
  return {
    series: [{
      type: "treemap",
      left: 0, right: 0, top: 0, bottom: 0,
      roam: false, nodeClick: false, breadcrumb: { show: false },
      itemStyle: { borderColor: room.panel, borderWidth: 1, gapWidth: 1 },
      label: { show: true, fontSize: 12, lineHeight: 16, overflow: "truncate", formatter: ({ name, value }: { name: string; value: number }) => `${name}\n${figure(value)}` },
      upperLabel: { show: nested, height: 20, color: room.ink, fontSize: 12, lineHeight: 20, formatter: ({ name, value }: { name: string; value: number }) => (name ? `${name}  ${figure(value)}` : "") },
      // The whole has no name of its own, so it needs no room for one.
      levels: [{ upperLabel: { show: false } }],
      data,
    }],
    tooltip: { formatter: ({ name, value }: { name: string; value: number }) => tip(name, [{ name: "", figure: figure(value) }]) },
  };
}
