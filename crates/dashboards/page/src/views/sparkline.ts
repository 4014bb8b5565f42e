// The course of a tile's number, without axes: decoration, the table has the figures.

const WIDTH = 100;
const HEIGHT = 24;

export function sparkline(points: [number, number][], color?: string): Element {
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const first = sorted[0]![0];
  const span = sorted[sorted.length - 1]![0] - first || 1;
  const top = Math.max(...sorted.map((point) => point[1]), 1);
  const place = ([x, y]: [number, number]) =>
    `${(((x - first) / span) * WIDTH).toFixed(2)},${(HEIGHT - 1 - (y / top) * (HEIGHT - 2)).toFixed(2)}`;
  const line = sorted.map(place).join(" L");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  if (color) svg.style.setProperty("--mark", color);
  svg.append(path(`M0,${HEIGHT} L${line} L${WIDTH},${HEIGHT} Z`, "area"), path(`M${line}`, "line"));
  return svg;
}

function path(shape: string, kind: string): SVGPathElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
  element.setAttribute("d", shape);
  element.setAttribute("class", kind);
  return element;
}
