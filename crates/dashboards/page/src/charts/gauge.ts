// One number between two bounds.
import { band } from "../color";
import { column, tableOf } from "../data";
import { compact } from "../format";
import type { GaugeView, Panel } from "../model";
import type { Drawing } from "./chart";

export function gauge(panel: Panel, view: GaugeView): Drawing {
  const table = tableOf(panel);
  const row = table.rows[0] ?? [];
  const of = (id: string | undefined) => column(table, id)?.number(row) ?? null;
  const value = of(view.value);
  const goal = of(view.goal);
  const min = of(view.min) ?? 0;
  const max = of(view.max) ?? Math.max(value ?? 0, goal ?? 0, 1);
  const text = column(table, view.value)?.text(row) ?? "–";
  return {
    summary: `${panel.title} ${text}, between ${min} and ${max}${goal == null ? "" : `, goal ${goal}`}.`,
    option: (room) => {
      const color = band(value ?? 0, view.stops, min, max) ?? room.accent;
      return {
        series: [{
          type: "gauge",
          min, max,
          startAngle: view.shape === "arc" ? 210 : 180,
          endAngle: view.shape === "arc" ? -30 : 0,
          center: ["50%", view.shape === "arc" ? "58%" : "72%"],
          radius: "96%",
          progress: { show: true, width: 14, itemStyle: { color } },
          axisLine: { lineStyle: { width: 14, color: [[1, room.line]] } },
          axisTick: { show: false }, splitLine: { show: false }, pointer: { show: false }, anchor: { show: false },
          axisLabel: { show: false },
          detail: { offsetCenter: [0, 0], color: room.ink, fontSize: 24, fontWeight: 600, formatter: () => text },
          data: [{ value: value ?? 0, name: `of ${compact(max)}${goal == null ? "" : `, goal ${compact(goal)}`}` }],
          title: { offsetCenter: [0, "32%"], color: room.muted, fontSize: 12 },
        }],
        tooltip: { show: false },
      };
    },
  };
}
