// Values as people read them, as Kibana formats them.
import type { Cell, Column, Format } from "./model";
import { visible } from "./text";

const LOCALE = "en";
const EMPTY = "–";

const SECONDS: Record<string, number> = {
  nanoseconds: 1e-9, microseconds: 1e-6, milliseconds: 0.001, seconds: 1, minutes: 60, hours: 3600, days: 86400, weeks: 604800, months: 2629800, years: 31557600,
};
const DURATIONS: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [0.001, "ms"]];

/** One value of a column as text. */
export function cell(value: Cell | undefined, column: Column): string {
  if (value == null || value === "") return EMPTY;
  if (Array.isArray(value)) return value.length === 0 ? EMPTY : value.map((item) => cell(item, column)).join(", ");
  if (column.kind === "date" && instant(value) != null) return localTime(instant(value) as number);
  if (typeof value === "number") return number(value, column.format);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return visible(JSON.stringify(value));
  return visible(value);
}

/** Epoch milliseconds of a date in any of the forms that searches answer with. */
export function instant(value: Cell | undefined): number | null {
  if (typeof value === "number") return value;
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

/** A number in the column's format; without one with at most two decimals. */
export function number(value: number, format?: Format | null): string {
  const params = format?.params ?? {};
  const suffix = params.suffix ?? "";
  switch (format?.id) {
    case "percent":
      return digits(value * 100, params.decimals ?? 1) + "%" + suffix;
    case "bytes":
      return scaled(value, 1024, ["B", "KB", "MB", "GB", "TB", "PB"], params.decimals ?? 1) + suffix;
    case "bits":
      return scaled(value, 1000, ["bit", "kbit", "Mbit", "Gbit", "Tbit"], params.decimals ?? 1) + suffix;
    case "duration":
      return duration(value * secondsOf(format), params.decimals) + suffix;
    default:
      return (params.compact ? compact(value) : digits(value, params.decimals ?? 2)) + suffix;
  }
}

/** Seconds that one of a duration's units is. */
export function secondsOf(format: Format): number {
  return SECONDS[format.params?.fromUnit ?? "seconds"] ?? 1;
}

/** Short forms for axes and tiles: 12.3k. */
export function compact(value: number): string {
  return new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

function digits(value: number, decimals: number): string {
  return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: Math.min(Math.max(decimals, 0), 10) }).format(value);
}

function scaled(value: number, base: number, units: string[], decimals: number): string {
  let at = 0;
  while (Math.abs(value) >= base && at + 1 < units.length) {
    value /= base;
    at += 1;
  }
  return `${digits(value, at === 0 ? 0 : decimals)} ${units[at]}`;
}

/** Seconds in the largest unit that they fill; the second unit follows where it says something. */
export function duration(seconds: number, decimals?: number): string {
  if (seconds === 0) return "0 s";
  const size = Math.abs(seconds);
  const at = DURATIONS.findIndex(([unit]) => size >= unit);
  const [unit, name] = DURATIONS[at] ?? DURATIONS[DURATIONS.length - 1]!;
  const next = DURATIONS[at + 1];
  if (decimals != null || !next || unit <= 1) return `${digits(seconds / unit, decimals ?? 1)} ${name}`;
  // Rounded to the second unit first: what then fills a larger unit is told in that one.
  const rounded = Math.round(size / next[0]) * next[0];
  const larger = DURATIONS[at - 1];
  if (larger && rounded >= larger[0]) return duration(Math.sign(seconds) * larger[0]);
  const [whole, rest] = [Math.floor(rounded / unit), Math.round((rounded % unit) / next[0])];
  return `${seconds < 0 ? "−" : ""}${whole} ${name}${rest > 0 ? ` ${rest} ${next[1]}` : ""}`;
}

const TIME = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/** Date and time where the reader is. */
export function localTime(millis: number): string {
  return TIME.format(millis);
}

/** Date and time in UTC, for titles. */
export function utcTime(millis: number): string {
  return new Date(millis).toISOString().replace("T", " ").replace(/(\.000)?Z$/, " UTC");
}

/** Label of a bucket of time: as fine as the buckets are. */
export function bucketTime(millis: number, interval: number): string {
  const day: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };
  const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hour12: false };
  const options = interval >= 86_400_000 ? day : { ...day, ...clock };
  return new Intl.DateTimeFormat("en-GB", options).format(millis);
}
