// A panel's frame: its question, its tools, and the drawing or the figures in it.
import { type Drawing, chart, sweep } from "./charts/chart";
import { gauge } from "./charts/gauge";
import { heatmap } from "./charts/heatmap";
import { map } from "./charts/map";
import { parts } from "./charts/parts";
import { xy } from "./charts/xy";
import { isNothing, tableOf } from "./data";
import { foreign, h, icon } from "./dom";
import type { Panel } from "./model";
import { anchor, cloud, failed, links, text } from "./views/parts";
import { metric } from "./views/metric";
import { figures, tableView } from "./views/table";

const CHECK = "M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm3.6 4.9L6.9 9.6 4.5 7.2 3.3 8.4l3.6 3.6 5.9-5.9-1.2-1.2z";
const TABLE_ICON = "M1 2h14v12H1V2zm1.5 4v2.5h4V6h-4zm5.5 0v2.5h5.5V6H8zm-5.5 4v2.5h4V10h-4zM8 10v2.5h5.5V10H8z";

/** What is around a panel: the dashboard that holds it, and those that the page has. */
export interface Surroundings {
  dashboard: string;
  known: ReadonlySet<string>;
}

export function panelOf(panel: Panel, around: Surroundings): HTMLElement {
  const id = `panel-${panel.id}`;
  const drawing = drawingOf(panel);
  const body = h("div", { class: "panel-body" });
  const show = (asFigures: boolean) => {
    body.replaceChildren(asFigures ? figures(panel) : content(panel, drawing, around));
    sweep();
  };
  show(false);
  const [x, y, width, height] = panel.grid;
  // One number needs no more than half of a small window.
  const isSmall = panel.view.kind === "metric" && !panel.view.by && !panel.view.trend;
  return h(
    "section",
    { class: `panel is-${panel.view.kind}${isSmall ? " is-small" : ""}`, id, "aria-labelledby": panel.title ? `${id}-title` : null, "aria-label": panel.title ? null : "Links",
      style: `--x:${x + 1};--y:${y + 1};--w:${width};--h:${height}` },
    panel.title || drawing ? head(panel, id, drawing != null, show, around) : null,
    body,
  );
}

function head(panel: Panel, id: string, isChart: boolean, show: (asFigures: boolean) => void, around: Surroundings): HTMLElement {
  const hasFigures = tableOf(panel).rows.length > 0 && !(panel.quiet && isNothing(panel));
  const button = isChart && hasFigures ? h("button", { type: "button", class: "tool", "aria-pressed": "false" }, icon(TABLE_ICON), h("span", { class: "hidden" }, `Show figures: ${panel.title}`)) : null;
  button?.setAttribute("title", "Show figures");
  button?.addEventListener("click", () => {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    show(pressed);
  });
  const drilldowns = panel.drilldowns.map((link) => h("span", { class: "drilldown" }, anchor(link, around.dashboard, around.known)));
  return h(
    "div",
    { class: "panel-head" },
    h("h2", { id: `${id}-title`, title: panel.description || null }, foreign(panel.title)),
    drilldowns,
    button,
  );
}

/** What Apache ECharts draws of the panel; null if the panel is plain HTML. */
function drawingOf(panel: Panel): Drawing | null {
  const view = panel.view;
  switch (view.kind) {
    case "xy":
      return xy(panel, view);
    case "pie":
    case "donut":
    case "treemap":
      return parts(panel, view);
    case "heatmap":
      return heatmap(panel, view);
    case "gauge":
      return gauge(panel, view);
    case "map":
      return map(panel, view);
    default:
      return null;
  }
}

function content(panel: Panel, drawing: Drawing | null, around: Surroundings): HTMLElement {
  const view = panel.view;
  if (view.kind === "failed") return failed(view);
  if (view.kind === "text") return text(view);
  if (view.kind === "links") return links(view, around.dashboard, around.known);
  if (panel.quiet && isNothing(panel)) return h("p", { class: "empty good" }, icon(CHECK), h("span", {}, panel.quiet));
  if (tableOf(panel).rows.length === 0) return h("p", { class: "empty" }, "No results in this time range");
  if (drawing) return chart(drawing);
  if (view.kind === "metric") return metric(panel, view);
  if (view.kind === "cloud") return cloud(panel, view);
  if (view.kind === "table") return tableView(panel, view);
  return failed({ kind: "failed", message: view.kind });
}
