// The page's beginning: reads what the program wrote and shows it.
import { repaint } from "./charts/chart";
import type { Page } from "./model";
import { Shell } from "./shell";
import { onChange, start, theme } from "./theme";

start();
onChange(repaint);
const data = document.getElementById("data")?.textContent ?? "{}";
const notices = document.getElementById("notices")?.textContent ?? "";
new Shell(JSON.parse(data) as Page).start(notices);

// Paper is white: charts are drawn for it and afterwards as they were.
let before: string | undefined;
window.addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.theme;
  if (theme() === "light") return;
  document.documentElement.dataset.theme = "light";
  repaint();
});
window.addEventListener("afterprint", () => {
  if (before) document.documentElement.dataset.theme = before;
  else delete document.documentElement.dataset.theme;
  repaint();
});
