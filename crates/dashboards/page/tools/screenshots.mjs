// The pictures of the package and of the README, out of a finished page: `npm run screenshots -- PAGE.html`.
// They show what a demo shows; which dashboards, how large and in which theme stands here. Needs Chromium (`CHROMIUM` names
// another browser) and `pngquant`: a picture of few colours takes a quarter of the room.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, settled } from "./chromium.mjs";

const PICTURES = [
  ["overview", "light"],
  ["incident-investigation", "light"],
  ["alerts", "dark"],
  ["network", "dark"],
];
const [WIDTH, HEIGHT] = [1600, 1000];
/** Bytes that one picture may take. */
const MOST = 300_000;

const file = resolve(process.argv[2] ?? "");
if (!process.argv[2] || !existsSync(file)) {
  console.error("usage: node tools/screenshots.mjs PAGE.html");
  process.exit(2);
}
const folder = fileURLToPath(new URL("../../../generator/assets/img/", import.meta.url));
mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  for (const [name, theme] of PICTURES) await picture(name, theme);
} finally {
  await browser.close();
}

async function picture(name, theme) {
  const page = await browser.newPage();
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.setViewport({ width: WIDTH, height: HEIGHT });
  await page.goto(`${pathToFileURL(file).href}#/m365_security-${name}`);
  await settled(page);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  await page.close();
  execFileSync("pngquant", ["--force", "--strip", "--speed", "1", "--quality", "60-95", "--output", path, path]);
  const { size } = statSync(path);
  console.log(`${name}.png ${size} bytes`);
  if (size > MOST) throw new Error(`${name}.png is larger than ${MOST} bytes`);
}
