// Bars, lines and areas.
import { assign, series as seriesColor } from "../color";
import { bucketTime, compact, localTime, number, secondsOf } from "../format";
import type { Panel, XyView } from "../model";
import { shortened, shortNames } from "../text";
import { type Drawing, type Option, type Room, tip } from "./chart";
import { type Lane, type Pivot, pivot, shares } from "./pivot";

export function xy(panel: Panel, view: XyView): Drawing {
  const data = named(view, pivot(panel, view.layers, view.zero));
  const colors = colorsOf(data.lanes);
  const entries = data.lanes.map((lane, at) => ({ name: lane.name, color: colors[at] as string }));
  return {
    summary: summary(panel, data),
    option: (room) => option(view, data, colors, room),
    legend: view.legend.show ? { entries, position: view.legend.position } : null,
  };
}

/** A few bars over time stand at their own names: an axis of time would label the space between them. */
function named(view: XyView, data: Pivot): Pivot {
  const { times, interval } = data;
  if (!times || times.length > FEW || view.horizontal || view.layers.some((layer) => layer.series !== "bar")) return data;
  return { ...data, names: times.map((time) => bucketTime(time, interval)), times: null };
}

const FEW = 8;

function summary(panel: Panel, data: Pivot): string {
  const over = data.axis ? ` by ${data.axis.column.label}` : "";
  const names = data.lanes.slice(0, 6).map((lane) => lane.name).join(", ");
  return `${panel.title} Chart of ${names}${over}. The button "Show figures" shows its table.`;
}

/** Colours by the breakdown's values where there is one, else by the series' own or by position. */
function colorsOf(lanes: Lane[]): string[] {
  const named = assign(lanes.filter((lane) => lane.layer.split).map((lane) => lane.key), Object.assign({}, ...lanes.map((lane) => lane.layer.colors)));
  let next = 0;
  return lanes.map((lane) => (lane.layer.split ? named.get(lane.key) : lane.color) ?? seriesColor(next++));
}

function option(view: XyView, data: Pivot, colors: string[], room: Room): Option {
  const isPercent = data.lanes.some((lane) => lane.layer.stack === "percent");
  const drawn = isPercent ? shares(data.lanes) : data.lanes.map((lane) => lane.values);
  const series: Option[] = data.lanes.map((lane, at) => one(view, data, lane, drawn[at] as (number | null)[], colors[at] as string, room));
  if (view.lines.length > 0 && series[0]) series[0].markLine = reference(view, room);
  const position = positions(view, data, room);
  const hasRight = data.lanes.some((lane) => lane.right);
  const values = [false, ...(hasRight ? [true] : [])].map((right) => measures(view, data.lanes.filter((lane) => lane.right === right), isPercent, room));
  return {
    grid: { left: 4, right: 10, top: 10, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: view.horizontal ? values : position,
    yAxis: view.horizontal ? position : values,
    legend: { show: false },
    series,
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (items: { dataIndex: number }[]) => hint(data, colors, items[0]?.dataIndex ?? 0) },
  };
}

function hint(data: Pivot, colors: string[], at: number): HTMLElement {
  const head = data.times ? localTime(data.times[at] ?? 0) : (data.names[at] ?? "");
  const lines = data.lanes.flatMap((lane, index) => {
    const value = lane.values[at];
    return value == null || (value === 0 && data.lanes.length > 3) ? [] : [{ name: lane.name, figure: number(value, lane.measure.column.format), color: colors[index] }];
  });
  return tip(head, lines);
}

// The options of one series are one list of facts.
function one(view: XyView, data: Pivot, lane: Lane, values: (number | null)[], color: string, room: Room): Option {
  const isBar = lane.layer.series === "bar";
  const points = data.times ? values.map((value, at) => [(data.times as number[])[at], value]) : values;
  const axis = lane.right ? 1 : 0;
  const common = {
    name: lane.name,
    data: view.horizontal && data.times ? points.map((point) => [...(point as number[])].reverse()) : points,
    [view.horizontal ? "xAxisIndex" : "yAxisIndex"]: axis,
    stack: lane.layer.stack === "none" ? undefined : `layer-${lane.layer.table}-${axis}`,
    color,
    itemStyle: { color },
    label: {
      show: view.values, position: view.horizontal ? "right" : "top", color: room.ink, fontSize: 11,
      formatter: ({ dataIndex }: { dataIndex: number }) => number(lane.values[dataIndex] ?? 0, lane.measure.column.format),
    },
  };
  if (isBar) {
    return { ...common, type: "bar", barMaxWidth: 26, barMinHeight: lane.layer.stack === "none" ? 2 : 0, barCategoryGap: "25%" };
  }
  return {
    ...common,
    type: "line",
    smooth: view.curve === "smooth" ? 0.3 : false,
    smoothMonotone: "x",
    step: view.curve === "step" ? "end" : false,
    symbol: "circle",
    symbolSize: 5,
    showSymbol: values.filter((value) => value != null).length < 3,
    lineStyle: { color, width: lane.layer.series === "line" ? 2 : 1.2 },
    areaStyle: lane.layer.series === "area" ? { color, opacity: lane.layer.stack === "none" ? 0.3 : 0.75 } : undefined,
  };
}

function positions(view: XyView, data: Pivot, room: Room): Option {
  const line = { axisLine: { lineStyle: { color: room.line } }, axisTick: { show: false }, splitLine: { show: false } };
  if (data.times) {
    const format = (value: number) => bucketTime(value, Math.max(data.interval, ((data.times as number[]).length * data.interval) / 6));
    return { type: "time", ...line, splitNumber: Math.max(2, Math.floor(room.width / 130)), axisLabel: { color: room.muted, hideOverlap: true, formatter: format } };
  }
  const share = view.horizontal ? room.width * 0.42 : Math.max(room.width / Math.max(data.names.length, 1) - 8, 44);
  const lines = !view.horizontal && data.names.length <= 12 ? 2 : 1;
  const characters = Math.max(6, Math.floor(share / 6.3)) * lines;
  const names = shortNames(data.names, characters);
  return {
    type: "category",
    data: data.names,
    inverse: view.horizontal,
    ...line,
    axisLabel: {
      color: room.ink, width: share, overflow: lines > 1 ? "break" : "truncate", hideOverlap: lines === 1 && !view.horizontal,
      interval: view.horizontal || lines > 1 ? 0 : "auto",
      lineHeight: view.horizontal ? undefined : 14,
      formatter: (name: string) => names.get(name) ?? shortened(name, characters),
    },
  };
}

function measures(view: XyView, lanes: Lane[], isPercent: boolean, room: Room): Option {
  const format = lanes[0]?.measure.column.format;
  const scale = durationScale(view, lanes, isPercent);
  const whole = lanes.every((lane) => lane.values.every((value) => value == null || Number.isInteger(value)));
  return {
    type: view.log && !isPercent ? "log" : "value",
    max: isPercent ? 100 : scale?.max,
    interval: scale?.step,
    minInterval: whole && !isPercent ? 1 : undefined,
    splitNumber: Math.max(2, Math.floor((view.horizontal ? room.width / 90 : room.height / 45))),
    axisLabel: {
      color: room.muted, hideOverlap: true,
      formatter: (value: number) => (isPercent ? `${value}%` : format?.id && format.id !== "number" ? number(value, format) : compact(value)),
    },
    splitLine: { lineStyle: { color: room.line, type: "solid", width: 1 } },
  };
}

/** Ticks of durations stand at whole seconds, minutes, hours or days: about five of them, the last above all values. */
function durationScale(view: XyView, lanes: Lane[], isPercent: boolean): { step: number; max: number } | null {
  const format = lanes[0]?.measure.column.format;
  if (format?.id !== "duration" || isPercent || view.log) return null;
  const second = 1 / secondsOf(format);
  const length = lanes[0]?.values.length ?? 0;
  const isStacked = lanes.some((lane) => lane.layer.stack === "stacked");
  const at = (place: number) => lanes.map((lane) => lane.values[place] ?? 0);
  const tops = Array.from({ length }, (_, place) => (isStacked ? at(place).reduce((sum, value) => sum + value, 0) : Math.max(...at(place))));
  const most = Math.max(...tops, 0);
  const wanted = most / second / 5;
  const step = (STEPS.find((step) => step >= wanted) ?? 86_400 * Math.ceil(wanted / 86_400)) * second;
  return { step, max: Math.max(Math.ceil(most / step), 1) * step };
}

/** Seconds, minutes, hours and days that people count in. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000];

function reference(view: XyView, room: Room): Option {
  return {
    silent: true,
    symbol: "none",
    data: view.lines.map(({ value, label, color, dash }) => ({
      [view.horizontal ? "xAxis" : "yAxis"]: value,
      name: label,
      lineStyle: { color: color ?? room.muted, type: dash, width: 1.5 },
      label: { formatter: () => label, color: room.ink, backgroundColor: room.panel, padding: [2, 5], borderRadius: 3, position: "insideEndTop", fontSize: 11 },
    })),
  };
}
