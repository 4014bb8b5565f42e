// The browser that the tools of this folder look at a page with.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function launch() {
  const executablePath = process.env.CHROMIUM ?? PLACES.find(existsSync);
  if (!executablePath) {
    console.error("no Chromium: install the distribution's package, or name one in CHROMIUM");
    process.exit(2);
  }
  const args = ["--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none"];
  return puppeteer.launch({ executablePath, headless: true, args });
}

/** Charts are drawn in the frame after their panel is put into the page. */
export async function settled(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60)))));
}
