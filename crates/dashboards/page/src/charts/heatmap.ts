// Two groups against each other, a colour per cell.
import { band, inkOn, mix } from "../color";
import { type Series, column, distinct, tableOf, widthOf } from "../data";
import { bucketTime, localTime, number } from "../format";
import type { HeatmapView, Panel } from "../model";
import { shortened } from "../text";
import { type Drawing, type Option, type Room, tip } from "./chart";

/** An axis: labels in order, and where a row stands. */
interface Axis {
  isTime: boolean;
  labels: string[];
  heads: string[];
  place: (row: readonly unknown[]) => number;
}

export function heatmap(panel: Panel, view: HeatmapView): Drawing {
  const table = tableOf(panel);
  const [x, y, value] = [column(table, view.x), column(table, view.y), column(table, view.value)];
  const [across, down] = [axis(x), axis(y)];
  const cells = table.rows.flatMap((row) => {
    const amount = value?.number(row);
    return amount == null ? [] : [{ x: across.place(row), y: down.place(row), amount }];
  });
  return {
    summary: `${panel.title} Heatmap of ${value?.column.label ?? ""} by ${x?.column.label ?? ""}${y ? ` and ${y.column.label}` : ""}. The button "Show figures" shows its table.`,
    option: (room) => option(view, across, down, cells, value, room),
  };
}

function axis(series: Series | null): Axis {
  if (!series) return { isTime: false, labels: [""], heads: [""], place: () => 0 };
  if (series.column.kind === "date") {
    const times = distinct(series.table.rows.map((row) => series.instant(row) ?? 0)).sort((a, b) => a - b);
    const places = new Map(times.map((time, at) => [time, at]));
    const interval = widthOf(series);
    return {
      isTime: true,
      labels: times.map((time) => bucketTime(time, interval)),
      heads: times.map(localTime),
      place: (row) => places.get(series.instant(row as never) ?? 0) ?? 0,
    };
  }
  const names = distinct(series.table.rows.map((row) => series.text(row)));
  const places = new Map(names.map((name, at) => [name, at]));
  return { isTime: false, labels: names, heads: names, place: (row) => places.get(series.text(row as never)) ?? 0 };
}

function option(view: HeatmapView, across: Axis, down: Axis, cells: { x: number; y: number; amount: number }[], value: Series | null, room: Room): Option {
  const amounts = cells.map((cell) => cell.amount);
  const [min, max] = [Math.min(...amounts), Math.max(...amounts)];
  // From a tint of the ground to the accent: more is stronger in both themes.
  const scale = (amount: number) => mix(mix(room.panel, room.accent, 0.16), room.accent, max > min ? (amount - min) / (max - min) : 1);
  const color = (amount: number) => band(amount, view.stops, min, max) ?? scale(amount);
  const figure = (amount: number) => number(amount, value?.column.format);
  const roomy = view.labels && room.width / across.labels.length > 34 && room.height / down.labels.length > 14;
  const columnWidth = (room.width * 0.8) / Math.max(across.labels.length, 1);
  // Names that are wider than their column stand aslant, so that each can be read.
  const isAslant = !across.isTime && across.labels.some((name) => name.length * 6.3 > columnWidth);
  const category = (labels: string[], width: number, more: Option): Option => ({
    type: "category", data: labels, axisLine: { show: false }, axisTick: { show: false }, splitArea: { show: false },
    axisLabel: { color: room.ink, formatter: (name: string) => shortened(name, Math.max(5, Math.floor(width / 6.3))), ...more },
  });
  const bottom = isAslant ? { rotate: 28, interval: 0 } : { hideOverlap: true, interval: across.isTime ? Math.ceil(90 / columnWidth) - 1 : 0 };
  return {
    grid: { left: 4, right: 8, top: 6, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: category(across.labels, isAslant ? 130 : Math.max(columnWidth, 110), bottom),
    yAxis: { ...category(down.labels, room.width * 0.3, { hideOverlap: true }), inverse: true },
    visualMap: { type: "piecewise", show: false, min, max: Math.max(max, min + 1), dimension: 2 },
    series: [{
      type: "heatmap",
      data: cells.map(({ x, y, amount }) => ({
        value: [x, y, amount],
        itemStyle: { color: color(amount), borderColor: room.panel, borderWidth: 1 },
        label: { show: roomy, color: inkOn(color(amount)), fontSize: 11, formatter: () => figure(amount) },
      })),
    }],
    tooltip: {
      formatter: ({ data }: { data: { value: [number, number, number] } }) => {
        const [x, y, amount] = data.value;
        return tip(across.heads[x] ?? "", [{ name: down.heads[y] || (value?.column.label ?? ""), figure: figure(amount) }]);
      },
    },
  };
}
