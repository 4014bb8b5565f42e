// Tables by column: what drawings read.
import { cell, instant } from "./format";
import type { Cell, Column, Panel, Table } from "./model";

const NONE: Table = { columns: [], rows: [], total_hits: 0 };

/** A table of a panel, an empty one if it has none. */
export function tableOf(panel: Panel, at = 0): Table {
  return panel.tables[at] ?? NONE;
}

/** A column with its place in the rows. */
export class Series {
  constructor(readonly table: Table, readonly column: Column, readonly at: number) {}

  value(row: Cell[]): Cell | undefined {
    return row[this.at];
  }

  number(row: Cell[]): number | null {
    const value = this.value(row);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }

  instant(row: Cell[]): number | null {
    return instant(this.value(row));
  }

  text(row: Cell[]): string {
    return cell(this.value(row), this.column);
  }
}

/** The column of that id; null if the result lacks it. */
export function column(table: Table, id: string | undefined): Series | null {
  const at = table.columns.findIndex((candidate) => candidate.id === id);
  const found = table.columns[at];
  return found ? new Series(table, found, at) : null;
}

/** Values in the order of their first appearance. */
export function distinct<T>(values: Iterable<T>): T[] {
  return [...new Set(values)];
}

/** Whether a panel has found nothing: no rows, or no number but zero. */
export function isNothing(panel: Panel): boolean {
  const found = (value: Cell) => typeof value === "number" && value !== 0;
  return panel.tables.every((table) => {
    const numbers = table.columns.flatMap(({ kind }, at) => (kind === "number" ? [at] : []));
    return table.rows.length === 0 || (numbers.length > 0 && !table.rows.some((row) => numbers.some((at) => found(row[at] ?? null))));
  });
}

/** Width of a column's buckets of time: what the search says, else the distance of the values. */
export function widthOf(series: Series): number {
  return series.column.format?.params?.millis ?? intervalOf(series.table.rows.map((row) => series.instant(row) ?? 0));
}

/** Smallest distance between neighbours: the width of buckets of time. A day if there is only one. */
export function intervalOf(instants: number[]): number {
  const sorted = distinct(instants).sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((value, at) => value - (sorted[at] as number));
  return gaps.length > 0 ? Math.min(...gaps) : 86_400_000;
}
