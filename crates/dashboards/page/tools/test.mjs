// Runs test/*.test.ts: bundled for Node, one file each, by Node's own test runner.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "page-tests-"));
try {
  const entryPoints = readdirSync(join(root, "test")).filter((name) => name.endsWith(".test.ts")).map((name) => join("test", name));
  await build({ absWorkingDir: root, entryPoints, bundle: true, platform: "node", format: "esm", outdir: folder, outExtension: { ".js": ".mjs" }, logLevel: "warning" });
  const files = readdirSync(folder).map((name) => join(folder, name));
  const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", env: { ...process.env, TZ: "Europe/Berlin" } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
