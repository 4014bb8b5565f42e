// Rows of a result as series over one axis.
import { type Series, column, distinct, intervalOf, tableOf } from "../data";
import type { Panel, XyLayer } from "../model";

/** One line, area or set of bars: its values stand at the axis' positions. */
export interface Lane {
  name: string;
  /** Name in the colour mapping: the value of the breakdown, empty without one. */
  key: string;
  values: (number | null)[];
  measure: Series;
  layer: XyLayer;
  color?: string;
  right: boolean;
}

export interface Pivot {
  /** Positions as texts, or as epoch milliseconds if the axis is one of time. */
  names: string[];
  times: number[] | null;
  /** Width of a bucket of time in milliseconds. */
  interval: number;
  lanes: Lane[];
  /** The column along the axis. */
  axis: Series | null;
}

/** All layers over one axis; positions are in the order of the results, times in theirs. */
export function pivot(panel: Panel, layers: XyLayer[], zero: boolean): Pivot {
  const read = layers.map((layer) => {
    const table = tableOf(panel, layer.table);
    return { layer, table, x: column(table, layer.x), split: column(table, layer.split) };
  });
  const axis = read[0]?.x ?? null;
  const isTime = axis?.column.kind === "date";
  const places: (string | number)[] = [];
  for (const { table, x } of read) {
    for (const row of table.rows) places.push(isTime ? (x?.instant(row) ?? 0) : (x?.text(row) ?? ""));
  }
  const positions = distinct(places);
  if (isTime) positions.sort((a, b) => Number(a) - Number(b));
  const place = new Map(positions.map((position, at) => [position, at]));
  const lanes: Lane[] = [];
  for (const { layer, table, x, split } of read) {
    for (const { id, color, right } of layer.ys) {
      const measure = column(table, id);
      if (!measure) continue;
      const several = layer.ys.length > 1;
      for (const key of split ? distinct(table.rows.map((row) => split.text(row))) : [""]) {
        const values = new Array<number | null>(positions.length).fill(zero ? 0 : null);
        for (const row of table.rows) {
          if (split && split.text(row) !== key) continue;
          const at = place.get(isTime ? (x?.instant(row) ?? 0) : (x?.text(row) ?? ""));
          if (at != null) values[at] = measure.number(row) ?? (zero ? 0 : null);
        }
        const name = split ? (several ? `${key} · ${measure.column.label}` : key) : measure.column.label;
        lanes.push({ name, key, values, measure, layer, color, right: right ?? false });
      }
    }
  }
  const times = isTime ? (positions as number[]) : null;
  return { names: isTime ? [] : positions.map(String), times, interval: times ? (axis?.column.format?.params?.millis ?? intervalOf(times)) : 0, lanes, axis };
}

/** Shares of the whole at each position, in percent. */
export function shares(lanes: Lane[]): (number | null)[][] {
  const length = lanes[0]?.values.length ?? 0;
  const sums = Array.from({ length }, (_, at) => lanes.reduce((sum, lane) => sum + Math.max(lane.values[at] ?? 0, 0), 0));
  return lanes.map((lane) => lane.values.map((value, at) => (value == null || !sums[at] ? value : (value / (sums[at] as number)) * 100)));
}
