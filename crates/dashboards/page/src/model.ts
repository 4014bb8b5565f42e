// What the program writes into the page: dashboards, their panels, and one table or more per panel.
// `crates/dashboards/src/page/view.rs` is the other side of this description.

export interface Page {
  product: string;
  /** When the page was made, in epoch milliseconds. */
  made: number;
  /** Where the data come from, in words. */
  source: string;
  dashboards: Dashboard[];
}

export interface Dashboard {
  id: string;
  title: string;
  description: string;
  /** Time range of the searches, in epoch milliseconds. */
  from: number;
  to: number;
  controls: Control[];
  panels: Panel[];
}

export interface Control {
  title: string;
  /** What is chosen; nothing chosen means everything. */
  selected: string[];
}

export interface Panel {
  id: string;
  title: string;
  description: string;
  /** Column, row, width and height in Kibana's grid of 48 columns. */
  grid: [number, number, number, number];
  /** Drill-downs to other dashboards. */
  drilldowns: Link[];
  /** What good news it is that there are no results. */
  quiet?: string;
  view: View;
  /** Results, the panel's main one first. */
  tables: Table[];
}

export interface Link {
  label: string;
  /** A dashboard's id. */
  dashboard?: string;
  /** An address elsewhere. */
  href?: string;
}

export type Cell = null | boolean | number | string | Cell[] | { [key: string]: Cell };
export type Kind = "date" | "number" | "text" | "ip" | "boolean" | "geo_tile" | "geo_point";

export interface Format {
  id: string;
  params?: { decimals?: number; suffix?: string; compact?: boolean; pattern?: string; fromUnit?: string; toUnit?: string; millis?: number; labelTemplate?: string };
}

export interface Column {
  id: string;
  label: string;
  kind: Kind;
  format?: Format | null;
}

export interface Table {
  columns: Column[];
  rows: Cell[][];
  total_hits: number;
}

/** Colours of values by name, as the saved object assigns them. */
export type Colors = Record<string, string>;
/** Bands of numbers: the upper bound (null: open) and its colour, in rising order. */
export type Stops = { bounds: [number | null, string][]; percent: boolean };

export interface Legend {
  show: boolean;
  position: "top" | "right" | "bottom" | "left";
}

export interface MetricView {
  kind: "metric";
  metric: string;
  secondary?: string;
  by?: string;
  max?: string;
  subtitle?: string;
  color?: string;
  stops?: Stops;
  trend?: { table: number; time: string; metric: string };
}

export interface XyLayer {
  table: number;
  series: "bar" | "line" | "area";
  stack: "none" | "stacked" | "percent";
  x?: string;
  split?: string;
  ys: { id: string; color?: string; right?: boolean }[];
  colors: Colors;
}

export interface XyView {
  kind: "xy";
  horizontal: boolean;
  layers: XyLayer[];
  lines: { value: number; label: string; color?: string; dash: "solid" | "dashed" | "dotted" }[];
  legend: Legend;
  curve: "linear" | "smooth" | "step";
  /** Missing values of a series count as nothing. */
  zero: boolean;
  log: boolean;
  values: boolean;
}

export interface PartView {
  kind: "pie" | "donut" | "treemap";
  groups: string[];
  metric: string;
  colors: Colors;
  numbers: "percent" | "value" | "hidden";
  legend: Legend;
}

export interface HeatmapView {
  kind: "heatmap";
  x: string;
  y?: string;
  value: string;
  stops?: Stops;
  labels: boolean;
}

export interface TableView {
  kind: "table";
  columns: { id: string; align?: "left" | "right" | "center"; width?: number; color: "none" | "cell" | "text"; colors: Colors; stops?: Stops }[];
  sort?: { id: string; descending: boolean };
}

export interface CloudView {
  kind: "cloud";
  tag: string;
  value: string;
  sizes: [number, number];
  colors: Colors;
}

export interface GaugeView {
  kind: "gauge";
  shape: "half" | "arc";
  value: string;
  min?: string;
  max?: string;
  goal?: string;
  stops?: Stops;
}

export interface MapView {
  kind: "map";
  layers: { table: number; label: string }[];
}

export interface TextView {
  kind: "text";
  /** Rendered by the program; it lets no foreign HTML through. */
  html: string;
}

export interface LinksView {
  kind: "links";
  vertical: boolean;
  links: Link[];
}

/** A search that failed, or a drawing that this page does not know. */
export interface FailedView {
  kind: "failed";
  message: string;
}

export type View =
  | MetricView | XyView | PartView | HeatmapView | TableView | CloudView | GaugeView | MapView | TextView | LinksView | FailedView;
