/**
 * Records a completion in the terminal as a picture that plays: media/terminal.svg, as the README shows it.
 *
 *     node test/editor/record.mjs [FILE:LINE:COLUMN]      (the bundles must be built)
 *
 * Each piece of text appears as long after the start as it did when it was recorded; loading the model is left out.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

const SAMPLE = "test/fixtures/workspace/sample.py:22:9";
const CONTEXT_LINES = 6;
/** Of the picture, in pixels. */
const [LINE_HEIGHT, CHARACTER_WIDTH, MARGIN] = [20, 8.4, 16];
/** How long the whole text stands before the picture begins anew. */
const REST_MS = 4_000;

/** Runs the command line; resolves to the pieces of its output, each with milliseconds since the first. */
function record(place) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join("dist", "cli.js"), "complete", place], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pieces = [];
    let start;
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", text => {
      start ??= performance.now();
      pieces.push({ atMs: performance.now() - start, text });
    });
    child.once("error", reject);
    child.once("close", code => (code === 0 ? resolve(pieces) : reject(new Error(`it ended with ${code}`))));
  });
}

const escaped = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Lines of text, each with when it appears; 0 for what stands there from the beginning. */
function picture(lines, lastMs) {
  const width = Math.ceil(
    Math.max(...lines.map(({ text, x }) => x + text.length)) * CHARACTER_WIDTH + 2 * MARGIN,
  );
  const height = (Math.max(...lines.map(({ y }) => y)) + 1) * LINE_HEIGHT + 2 * MARGIN;
  const total = lastMs + REST_MS;
  const drawn = lines.map(({ text, x, y, atMs, kind }) => {
    const place = `x="${MARGIN + x * CHARACTER_WIDTH}" y="${MARGIN + (y + 0.75) * LINE_HEIGHT}"`;
    const from = (atMs / total).toFixed(4);
    const appears =
      atMs === undefined
        ? ""
        : `<animate attributeName="opacity" values="0;1;1" keyTimes="0;${from};1" calcMode="discrete" dur="${(total / 1000).toFixed(2)}s" repeatCount="indefinite"/>`;
    return `<text ${place} class="${kind}" xml:space="preserve">${escaped(text)}${appears}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A completion streaming in a terminal">
<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#d4d4d4}.typed{fill:#9cdcfe}.model{fill:#b5cea8}</style>
<rect width="100%" height="100%" rx="8" fill="#1e1e1e"/>
${drawn.join("\n")}
</svg>
`;
}

const place = process.argv[2] ?? SAMPLE;
const [, file, line] = /^(.+):(\d+):\d+$/.exec(place) ?? [];
if (!file) throw new Error(`Expected FILE:LINE:COLUMN, got ${place}.`);
const before = readFileSync(join(root, file), "utf8")
  .split("\n")
  .slice(Math.max(0, Number(line) - CONTEXT_LINES), Number(line));
const pieces = await record(place);
const lines = [
  { text: `$ foretoken complete ${place}`, x: 0, y: 0, kind: "typed" },
  ...before.map((text, i) => ({ text: `  | ${text}`, x: 0, y: i + 1, kind: "" })),
];
let [x, y] = [0, before.length + 1];
for (const { atMs, text } of pieces)
  for (const [i, part] of text.split("\n").entries()) {
    if (i > 0) [x, y] = [0, y + 1];
    if (part !== "") lines.push({ text: part, x, y, atMs: Math.max(1, atMs), kind: "model" });
    x += part.length;
  }
writeFileSync(join(root, "media", "terminal.svg"), picture(lines, pieces.at(-1)?.atMs ?? 0));
