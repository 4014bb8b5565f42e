// What all drawings by Apache ECharts share: how they are made, coloured anew, resized and taken away.
import { BarChart, GaugeChart, HeatmapChart, LineChart, PieChart, ScatterChart, TreemapChart } from "echarts/charts";
import {
  GeoComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapPiecewiseComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { foreign, h } from "../dom";
import { type Palette, palette } from "../theme";

echarts.use([
  BarChart, GaugeChart, HeatmapChart, LineChart, PieChart, ScatterChart, TreemapChart,
  GeoComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapPiecewiseComponent, SVGRenderer,
]);

export type Option = Record<string, unknown>;
/** Room of a drawing in pixels, and the colours of the theme. */
export interface Room extends Palette {
  width: number;
  height: number;
}

/** An entry of a legend: a series or a part, and its figure if there is one. */
export interface Entry {
  name: string;
  color: string;
  figure?: string;
}

export interface Drawing {
  /** What the drawing shows, for those who do not see it. */
  summary: string;
  option: (room: Room) => Option;
  legend?: { entries: Entry[]; position: "top" | "right" | "bottom" | "left" } | null;
}

interface Live {
  chart: echarts.ECharts;
  drawing: Drawing;
  element: HTMLElement;
  observer: ResizeObserver;
}

const live = new Set<Live>();
export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** A chart in a frame that fills its parent. It is drawn when the frame has got its place in the page. */
export function chart(drawing: Drawing): HTMLElement {
  const element = h("div", { class: "chart", role: "img", "aria-label": drawing.summary });
  const legend = drawing.legend && drawing.legend.entries.length > 0 ? drawing.legend : null;
  const frame = h("div", { class: legend ? `charted legend-${legend.position}` : "charted" }, element);
  requestAnimationFrame(() => {
    if (!element.isConnected) return;
    const made = start(element, drawing);
    if (legend) frame.append(legendOf(made.chart, legend.entries));
  });
  return frame;
}

function start(element: HTMLElement, drawing: Drawing): Live {
  const chart = echarts.init(element, null, { renderer: "svg" });
  const observer = new ResizeObserver(() => {
    chart.resize();
    paint(made);
  });
  const made = { chart, drawing, element, observer };
  paint(made);
  // A size of its own in the page makes a chart resize once; later ones come from the window or from a switch.
  observer.observe(element);
  live.add(made);
  return made;
}

function paint({ chart, drawing, element }: Live): void {
  const colors = palette();
  const room: Room = { ...colors, width: element.clientWidth, height: element.clientHeight };
  const base = {
    animation: false,
    textStyle: { fontFamily: FONT, fontSize: 12, color: colors.muted },
    tooltip: {
      confine: true,
      backgroundColor: colors.panel,
      borderColor: colors.line,
      textStyle: { color: colors.ink, fontSize: 12, fontFamily: FONT },
      extraCssText: "max-width:340px;white-space:normal;box-shadow:0 4px 16px rgba(0,0,0,.18)",
    },
  };
  const option = drawing.option(room);
  // Not merged: a chart that is painted again has nothing of what it was.
  chart.setOption({ ...base, ...option, tooltip: { ...base.tooltip, ...(option.tooltip as Option | undefined) } }, true);
  // With a view box the drawing follows the size of its frame on paper, where no script runs.
  const svg = element.querySelector("svg");
  svg?.setAttribute("viewBox", `0 0 ${room.width} ${room.height}`);
  svg?.setAttribute("aria-hidden", "true");
}

function legendOf(chart: echarts.ECharts, entries: Entry[]): HTMLElement {
  return h(
    "ul",
    { class: "legend", "aria-label": "Legend", tabindex: 0 },
    entries.map(({ name, color, figure }) => {
      const button = h(
        "button",
        { type: "button", "aria-pressed": "true", title: name },
        h("span", { class: "dot", style: `background:${color}` }),
        h("span", { class: "legend-name" }, foreign(name)),
        figure ? h("span", { class: "legend-figure" }, figure) : null,
      );
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") === "true";
        button.setAttribute("aria-pressed", String(!shown));
        chart.dispatchAction({ type: shown ? "legendUnSelect" : "legendSelect", name });
      });
      return h("li", {}, button);
    }),
  );
}

/** Paints every chart in the colours of the theme. */
export function repaint(): void {
  for (const made of live) paint(made);
}

/** Takes all charts away that are not in the page any more. */
export function sweep(): void {
  for (const made of live) {
    if (made.element.isConnected) continue;
    made.observer.disconnect();
    made.chart.dispose();
    live.delete(made);
  }
}

/** The box under the pointer: a head and lines of names with figures. Text only. */
export function tip(head: string, lines: { name: string; figure: string; color?: string }[]): HTMLElement {
  return h(
    "div",
    { class: "tip" },
    head ? h("div", { class: "tip-head" }, foreign(head)) : null,
    lines.map(({ name, figure, color }) =>
      h(
        "div",
        { class: "tip-line" },
        color ? h("span", { class: "dot", style: `background:${color}` }) : null,
        h("span", { class: "tip-name" }, foreign(name)),
        h("span", { class: "tip-figure" }, figure),
      ),
    ),
  );
}

export { echarts };
