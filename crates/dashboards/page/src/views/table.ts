// Tables: of a panel that is one, and of every chart for those who do not see it or want its figures.
import { assign, band, inkOn } from "../color";
import { type Series, column, tableOf } from "../data";
import { foreign, h } from "../dom";
import { utcTime } from "../format";
import type { Cell, Panel, Table, TableView } from "../model";

type Spec = TableView["columns"][number];

/** A panel's table as its saved object wants it. */
export function tableView(panel: Panel, view: TableView): HTMLElement {
  return dataTable(panel.title, tableOf(panel), view);
}

/** The figures behind a chart: every column, in the order of the result. */
export function figures(panel: Panel): HTMLElement {
  const tables = panel.tables.filter((table) => table.columns.length > 0);
  return h("div", { class: "figures" }, tables.map((table) => dataTable(panel.title, table, null)));
}

/** Columns up to which a long text may take more room. */
const ROOMY = 4;

function dataTable(caption: string, table: Table, view: TableView | null): HTMLElement {
  const specs: Spec[] = view?.columns ?? table.columns.map(({ id }) => ({ id, color: "none", colors: {} }));
  const columns = specs.flatMap((spec) => {
    const series = column(table, spec.id);
    return series ? [{ spec, series, paint: painter(spec, series) }] : [];
  });
  const body = h("tbody");
  const fill = (rows: Cell[][]) => {
    body.replaceChildren(
      ...rows.map((row) => h("tr", {}, columns.map(({ spec, series, paint }) => tableCell(row, spec, series, paint)))),
    );
  };
  const heads = columns.map(({ spec, series }) => head(spec, series));
  let current = view?.sort ? { at: columns.findIndex((c) => c.series.column.id === view.sort?.id), down: view.sort.descending } : null;
  const show = () => {
    const at = current?.at ?? -1;
    heads.forEach((cell, index) => {
      const order = index === at ? (current?.down ? "descending" : "ascending") : null;
      if (order) cell.setAttribute("aria-sort", order);
      else cell.removeAttribute("aria-sort");
    });
    const series = columns[at]?.series;
    fill(series ? [...table.rows].sort((a, b) => compare(series, a, b) * (current?.down ? -1 : 1)) : table.rows);
  };
  heads.forEach((cell, at) => {
    cell.querySelector("button")?.addEventListener("click", () => {
      current = { at, down: current?.at === at ? !current.down : true };
      show();
    });
  });
  show();
  const rows = table.rows.length;
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": `${caption}: table of ${rows} ${rows === 1 ? "row" : "rows"}` },
    h("table", { style: columns.length <= ROOMY ? "--long: 460px" : null }, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, heads)), body),
  );
}

function head(spec: Spec, series: Series): HTMLElement {
  const { label } = series.column;
  // Columns of saved searches are called by their field: its last part is enough.
  const isField = /^[\w@-]+(\.[\w@-]+)+$/.test(label);
  const short = isField ? label.slice(label.lastIndexOf(".") + 1).replaceAll("_", " ") : label;
  const attributes = { scope: "col", class: alignment(spec, series), style: spec.width ? `min-width:${Math.min(spec.width, 200)}px` : null };
  return h("th", attributes, h("button", { type: "button", class: "sort", title: isField ? label : null }, short));
}

function alignment(spec: Spec, series: Series): string {
  return spec.align ?? (series.column.kind === "number" ? "right" : "left");
}

function tableCell(row: Cell[], spec: Spec, series: Series, paint: (row: Cell[]) => string | null): HTMLElement {
  const color = paint(row);
  const instant = series.column.kind === "date" ? series.instant(row) : null;
  const plain = series.text(row);
  const text = link(series, row) ?? foreign(plain);
  const content = instant == null ? text : h("time", { datetime: new Date(instant).toISOString(), title: utcTime(instant) }, text);
  const shape = shapeOf(plain);
  const attributes = { class: `${alignment(spec, series)} ${shape}`, title: shape === "long" ? plain : null };
  if (!color) return h("td", attributes, content);
  // Text in a colour of its own would be hard to read on one of both grounds: a mark carries the colour.
  if (spec.color === "text") return h("td", attributes, h("span", { class: "dot", style: `background:${color}` }), content);
  return h("td", attributes, h("span", { class: "badge", style: `background:${color};color:${inkOn(color)}` }, content));
}

/** Only what the data view calls an address is one to open: those of documents may be the attacker's. */
function link(series: Series, row: Cell[]): HTMLElement | null {
  const value = series.value(row);
  const format = series.column.format;
  if (format?.id !== "url" || typeof value !== "string" || !/^https?:\/\//.test(value)) return null;
  return h("a", { href: value, title: value, rel: "noopener noreferrer", target: "_blank" }, foreign(format.params?.labelTemplate ?? value));
}

/** How a text takes room: a word stays whole, a long one is cut, several wrap but not into a word per line. */
function shapeOf(text: string): "word" | "long" | "words" | "" {
  if (/\s/.test(text)) return text.length > 24 ? "words" : "";
  return text.length > 40 ? "long" : "word";
}

/** What gives a cell its colour: the value's name, or the band of a number. */
function painter(spec: Spec, series: Series): (row: Cell[]) => string | null {
  if (spec.color === "none") return () => null;
  const numbers = series.table.rows.flatMap((row) => series.number(row) ?? []);
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  if (spec.stops) {
    return (row) => {
      const value = series.number(row);
      return value == null ? null : band(value, spec.stops, min, max);
    };
  }
  const names = series.table.rows.map((row) => series.text(row));
  const known = Object.keys(spec.colors).length > 0 ? assign(names, spec.colors) : new Map<string, string>();
  return (row) => (series.value(row) == null ? null : (known.get(series.text(row)) ?? null));
}

/** Numbers and times by size, the rest by text; what has no value comes last upwards. */
function compare(series: Series, one: Cell[], other: Cell[]): number {
  const [a, b] = [series.value(one), series.value(other)];
  if (a == null || b == null) return a == null ? (b == null ? 0 : 1) : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return series.text(one).localeCompare(series.text(other), "en", { numeric: true });
}
