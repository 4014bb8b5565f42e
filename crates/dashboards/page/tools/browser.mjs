// Looks at a finished page in headless Chromium, as a reader would:
// `node tools/browser.mjs PAGE.html [--screenshots DIR] [--allow-empty]`. `CHROMIUM` names another browser.
// Every dashboard in two widths and both themes: no console message, no request, no failed or empty panel, text with a
// contrast of 4.5 : 1 or more, nothing wider than the window, no violation that axe finds, and a way by keyboard.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch, settled } from "./chromium.mjs";
import { contrastFaults } from "./contrast.mjs";

const WIDTHS = [1600, 400];
const THEMES = ["light", "dark"];
const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : process.argv[at + 1];
};
const file = resolve(process.argv[2] ?? "");
if (!process.argv[2] || !existsSync(file)) {
  console.error("usage: node tools/browser.mjs PAGE.html [--screenshots DIR] [--allow-empty]");
  process.exit(2);
}
const shots = argument("--screenshots");
if (shots) mkdirSync(shots, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);
let looked = { dashboards: 0, texts: 0, charts: 0 };

const browser = await launch();
try {
  for (const theme of THEMES) for (const width of WIDTHS) await look(theme, width);
} finally {
  await browser.close();
}
console.log(`${looked.dashboards} views of dashboards, ${looked.charts} charts, contrast of ${looked.texts} texts`);
for (const line of faults) console.error(line);
process.exitCode = faults.length > 0 ? 1 : 0;

async function open(theme, width) {
  const page = await browser.newPage();
  const where = `${theme} ${width}`;
  page.on("console", (message) => fault(where, `console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => fault(where, `error: ${error.message}`));
  page.on("request", (request) => {
    const scheme = new URL(request.url()).protocol;
    const own = scheme === "data:" || (scheme === "file:" && request.isNavigationRequest());
    if (!own) fault(where, `request: ${request.url()}`);
  });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.setViewport({ width, height: 1000 });
  await page.goto(pathToFileURL(file).href);
  // A script put in by the browser's protocol is not asked by the page's policy.
  await page.evaluate(axe);
  return page;
}

async function look(theme, width) {
  const page = await open(theme, width);
  const links = await page.$$eval("nav a", (found) => found.map((link) => [link.getAttribute("href"), link.textContent]));
  if (links.length === 0) fault("page", "no dashboards in the navigation");
  for (const [href, title] of links) {
    const where = `${theme} ${width} ${title}`;
    // Through the navigation, as a reader gets there; the menu has to be opened first where there is one.
    if (await page.$eval(".menu", (menu) => getComputedStyle(menu).display !== "none")) await page.click(".menu");
    await page.click(`nav a[href="${href}"]`);
    await settled(page);
    const shown = await page.$eval("h1", (head) => head.textContent);
    if (shown !== title) fault(where, `the navigation leads to "${shown}"`);
    const { height, overflow } = await page.evaluate(() => ({
      height: document.documentElement.scrollHeight,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    if (overflow > 0) fault(where, `${overflow} pixels wider than the window`);
    await page.setViewport({ width, height: Math.min(height, 15_000) });
    await settled(page);
    await panels(page, where);
    const { texts, found } = await page.evaluate(contrastFaults);
    looked.texts += texts;
    for (const line of found) fault(where, line);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, nodes } of violations) fault(where, `axe ${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length})`);
    if (shots) await page.screenshot({ path: join(shots, `${href.replace(/^#\//, "")}-${theme}-${width}.png`) });
    await page.setViewport({ width, height: 1000 });
    looked.dashboards += 1;
  }
  await keyboard(page, `${theme} ${width}`);
  await page.close();
}

async function panels(page, where) {
  const found = await page.$$eval(".panel", (all) =>
    all.map((panel) => {
      const chart = panel.querySelector(".chart");
      const tiles = panel.querySelector(".tiles");
      return {
        title: panel.querySelector("h2")?.textContent ?? panel.id,
        failed: panel.querySelector(".failed")?.textContent,
        // A panel may declare that nothing is good news.
        empty: panel.querySelector(".empty:not(.good)") != null,
        chart: chart != null,
        drawn: chart == null || chart.querySelectorAll("svg path, svg rect, svg circle").length > 1,
        cut: tiles != null && (tiles.scrollHeight > tiles.clientHeight + 1 || tiles.scrollWidth > tiles.clientWidth + 1),
        flat: panel.clientHeight < 24,
      };
    }),
  );
  for (const panel of found) {
    if (panel.failed) fault(where, `"${panel.title}": ${panel.failed}`);
    if (panel.empty && !process.argv.includes("--allow-empty")) fault(where, `"${panel.title}" is empty`);
    if (!panel.drawn) fault(where, `"${panel.title}" has no drawing`);
    if (panel.cut) fault(where, `"${panel.title}": its tiles do not fit`);
    if (panel.flat) fault(where, `"${panel.title}" has no height`);
    looked.charts += panel.chart ? 1 : 0;
  }
}

/** The first stop is the link past the navigation, which works; every later stop shows where it is. */
async function keyboard(page, where) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    window.scrollTo(0, 0);
  });
  await page.reload();
  await settled(page);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement?.className);
  if (first !== "skip") fault(where, `the first stop of the keyboard is "${first}"`);
  await page.keyboard.press("Enter");
  const after = await page.evaluate(() => document.activeElement?.id);
  if (after !== "main") fault(where, `the skip link leads to "${after}"`);
  for (let stop = 0; stop < 12; stop += 1) {
    await page.keyboard.press("Tab");
    const { what, seen } = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return { what: element.outerHTML.slice(0, 80), seen: element === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) };
    });
    if (!seen) fault(where, `no focus to be seen at ${what}`);
  }
  const figures = await page.$(".panel-head .tool");
  if (!figures) return;
  await figures.focus();
  await page.keyboard.press("Enter");
  await settled(page);
  const rows = await page.evaluate(() => document.activeElement.closest(".panel").querySelectorAll("tbody tr").length);
  if (rows === 0) fault(where, "the button for figures shows no table");
}
