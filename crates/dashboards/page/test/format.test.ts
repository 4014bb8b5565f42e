import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketTime, cell, duration, instant, number, utcTime } from "../src/format";
import type { Column } from "../src/model";
import { shortNames, shortened, visible } from "../src/text";

const column = (kind: Column["kind"], format?: Column["format"]): Column => ({ id: "c", label: "C", kind, format });

test("numbers follow the format of their column", () => {
  assert.equal(number(1234567.891), "1,234,567.89");
  assert.equal(number(0.256, { id: "percent", params: { decimals: 1 } }), "25.6%");
  assert.equal(number(1536, { id: "bytes", params: { decimals: 1 } }), "1.5 KB");
  assert.equal(number(12_345, { id: "number", params: { compact: true } }), "12.3K");
  assert.equal(number(3, { id: "number", params: { decimals: 0, suffix: " days" } }), "3 days");
  assert.equal(number(5_400_000_000_000, { id: "duration", params: { fromUnit: "nanoseconds", decimals: 1 } }), "1.5 h");
});

test("durations say two units where the second one matters", () => {
  assert.equal(duration(5400), "1 h 30 min");
  assert.equal(duration(7200), "2 h");
  assert.equal(duration(86399), "1 d", "what is rounded up to the next unit is that unit");
  assert.equal(duration(0.25), "250 ms");
  assert.equal(duration(0), "0 s");
  assert.equal(duration(-5400), "−1 h 30 min");
});

test("cells without a value are a dash, lists are joined", () => {
  assert.equal(cell(null, column("text")), "–");
  assert.equal(cell([], column("text")), "–");
  assert.equal(cell(["a", null, "b"], column("text")), "a, –, b");
  assert.equal(cell(false, column("boolean")), "no");
  assert.equal(cell(0, column("number")), "0");
});

test("dates are local, in both forms that searches answer with", () => {
  const millis = Date.UTC(2026, 10, 28, 9, 5, 7);
  assert.equal(cell(millis, column("date")), "28 Nov 2026, 10:05:07");
  assert.equal(cell("2026-11-28T09:05:07Z", column("date")), "28 Nov 2026, 10:05:07");
  assert.equal(instant("no date"), null);
  assert.equal(cell("no date", column("date")), "no date");
  assert.equal(utcTime(millis), "2026-11-28 09:05:07 UTC");
  assert.equal(bucketTime(millis, 86_400_000), "28 Nov");
  assert.equal(bucketTime(millis, 3_600_000), "28 Nov, 10:05");
});

test("characters that reorder or hide text are shown by their code", () => {
  assert.equal(visible("invoice\u202efdp.exe"), "invoice⟨U+202E⟩fdp.exe");
  assert.equal(visible("a\u200bb\ufeff\u0007"), "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+0007⟩");
  assert.equal(visible("line\nand\ttab"), "line and tab");
  assert.equal(visible("naïve 日本 👩‍💻".replace("\u200d", "")), "naïve 日本 👩💻");
  assert.equal(cell("x\u202ey", column("text")), "x⟨U+202E⟩y");
});

test("names that would look alike keep their ends", () => {
  const names = shortNames(["microsoftDefenderForCloud", "microsoftDefenderForIoT", "azureAdIdentityProtection"], 12);
  assert.deepEqual([...names.values()], ["micr…orCloud", "micr…rForIoT", "azureAdIden…"]);
  assert.equal(new Set(names.values()).size, 3);
  assert.ok([...names.values()].every((name) => name.length <= 12));
});

test("shortened texts keep characters whole", () => {
  assert.equal(shortened("👩👩👩👩", 3), "👩👩…");
  assert.equal(shortened("abc", 3), "abc");
});
