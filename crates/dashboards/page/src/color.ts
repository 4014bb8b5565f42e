// Colours: series that the saved object gives none, text on filled areas, bands of numbers.
import type { Colors, Stops } from "./model";

/** Neighbours differ for eyes that see red and green alike; all are told from light and dark grounds (3 : 1). */
const SERIES = ["#3f7fe0", "#d9722e", "#16967f", "#a069d6", "#b08a12", "#d1508c", "#5b8c2a", "#4d8fb3", "#b0705a", "#7d8597"];
const OTHER = "#8b93a5";

/** Colours of names: those of the saved object, and the next free ones for the others. */
export function assign(names: string[], colors: Colors): Map<string, string> {
  const folded = new Map(Object.entries(colors).map(([name, color]) => [name.toLowerCase(), color]));
  const free = SERIES.filter((color) => ![...folded.values()].includes(color));
  const assigned = new Map<string, string>();
  let next = 0;
  for (const name of names) {
    const given = folded.get(name.toLowerCase());
    if (given) assigned.set(name, given);
    else if (name === "Other" || name === "(missing value)") assigned.set(name, folded.get("__other__") ?? OTHER);
    else assigned.set(name, free[next++ % free.length] as string);
  }
  return assigned;
}

/** The colour of a series by its position. */
export function series(at: number): string {
  return SERIES[at % SERIES.length] as string;
}

/** Colour of a number's band; null without bands. Percentages lie between the smallest and the largest value. */
export function band(value: number, stops: Stops | undefined, min = 0, max = 100): string | null {
  if (!stops || stops.bounds.length === 0) return null;
  const place = stops.percent ? (max > min ? ((value - min) / (max - min)) * 100 : 100) : value;
  const found = stops.bounds.find(([bound]) => bound == null || place < bound);
  return (found ?? stops.bounds[stops.bounds.length - 1])![1];
}

type Rgb = [number, number, number];

/** Red, green and blue of `#rgb` or `#rrggbb`; grey for anything else. */
export function rgb(color: string): Rgb {
  const hex = /^#([0-9a-f]{6}|[0-9a-f]{3})/i.exec(color)?.[1];
  if (!hex) return [136, 136, 136];
  const wide = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16)) as Rgb;
}

/** Relative luminance by WCAG 2. */
export function luminance(color: string): number {
  const [r, g, b] = rgb(color).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Black or white, whichever reads better on the colour: one of both always has 4.5 : 1. */
export function inkOn(color: string): string {
  return contrast(color, "#000000") >= contrast(color, "#ffffff") ? "#000000" : "#ffffff";
}

/** A mixture: 0 is the first colour, 1 the second. */
export function mix(one: string, other: string, share: number): string {
  const [from, to] = [rgb(one), rgb(other)];
  return "#" + from.map((value, at) => Math.round(value + ((to[at] as number) - value) * share).toString(16).padStart(2, "0")).join("");
}
