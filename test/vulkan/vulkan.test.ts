/**
 * The code path of a graphics card without a card: Mesa's llvmpipe, a Vulkan driver that computes on the processor. It is
 * slow, so the model is small and the tokens are few. `test/run.mjs` runs this test if the driver is installed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { packageRoot } from "../../server/system/paths.ts";
import type { ChosenTokens } from "./tokens.ts";

const SCRIPT = join(packageRoot(), "out", "test", "vulkan", "tokens.mjs");
const MS_MAX = 300_000;
/** Logits of two back ends differ by less than this; a choice with a larger lead must be the same. */
const LEAD_MAX = 0.5;

/** Share of the time that the main thread may be busy: its own work takes a few hundredths of that of the driver. */
const BUSY_MAX = 0.15;

/** Mesa 22.3 sometimes crashes in a thread of its own, whatever is computed: up to this many crashes in a row are retried. */
const DRIVER_CRASHES = 3;

/** Lines of the sample before which a text is generated, counted from 0. */
const LINES = [12, 20, 28];

function tokensOn(
  backend: "cpu" | "vulkan",
  lines = LINES,
  environment: NodeJS.ProcessEnv = {},
): ChosenTokens[] {
  const env = { ...process.env, GGML_VK_VISIBLE_DEVICES: "0", ...environment };
  const options = { env, encoding: "utf8", timeout: MS_MAX } as const;
  return lines.map(line => {
    const run = () => spawnSync(process.execPath, [SCRIPT, backend, String(line)], options);
    let ended = run();
    for (let crashes = 1; ended.signal === "SIGSEGV" && crashes <= DRIVER_CRASHES; crashes++) {
      console.log(`${backend} ended with SIGSEGV at line ${line}: once more`);
      ended = run();
    }
    const { status, signal, stdout, stderr } = ended;
    assert.equal(status, 0, `${backend} ended with ${signal ?? status} at line ${line}:\n${stderr}`);
    return JSON.parse(stdout);
  });
}

let vulkan: ChosenTokens[];
before(() => {
  vulkan = tokensOn("vulkan");
});

test("the model runs on the Vulkan device", () => {
  for (const { backend, notes } of vulkan) {
    assert.equal(backend, "vulkan");
    assert.deepEqual(notes, [], "no note says that the processor computes after all");
  }
});

test("the thread that serves the editor does not wait for the device", () => {
  for (const { busy } of vulkan) assert.ok(busy < BUSY_MAX, `it was busy for ${busy.toFixed(2)} of the time`);
});

test("drafts do not change the tokens", context => {
  for (const [place, { plain, drafted }] of vulkan.entries()) {
    assert.ok(plain.length > 0);
    assert.deepEqual(drafted, plain, `at line ${LINES[place]}`);
  }
  const sum = (key: "proposed" | "accepted") => vulkan.reduce((total, place) => total + place[key], 0);
  context.diagnostic(`${sum("accepted")} of ${sum("proposed")} drafted tokens accepted`);
  assert.ok(sum("accepted") > 0, "some drafts were right");
});

test("a draft model on the CPU drafts for the model on the device without changing its tokens", context => {
  for (const [place, { plain, byProcessor }] of vulkan.entries()) {
    assert.equal(byProcessor.backend, "cpu");
    assert.deepEqual(byProcessor.tokens, plain, `at line ${LINES[place]}`);
  }
  const accepted = vulkan.reduce((total, { byProcessor }) => total + byProcessor.accepted, 0);
  context.diagnostic(`${accepted} tokens drafted by the processor accepted`);
  assert.ok(accepted > 0, "some drafts were right");
});

test("a model for which the device has no memory runs on the processor, and a note says so", () => {
  const [found] = tokensOn("vulkan", LINES.slice(0, 1), { GGML_VK_FORCE_MAX_BUFFER_SIZE: "100000" });
  assert.equal(found?.backend, "cpu");
  assert.deepEqual(found.notes, [
    "The graphics memory is too small for this model: it runs on the processor.",
  ]);
  assert.deepEqual(found.drafted, found.plain);
});

test("the tokens equal those computed on the CPU up to a choice that is too close to call", context => {
  for (const [place, { plain, leads }] of tokensOn("cpu").entries()) {
    const other = vulkan[place]?.plain ?? [];
    const at = plain.findIndex((token, i) => token !== other[i]);
    const where = `at line ${LINES[place]}`;
    if (at < 0) {
      context.diagnostic(`${where} all ${plain.length} tokens are the same`);
      continue;
    }
    const lead = leads[at] ?? Number.POSITIVE_INFINITY;
    context.diagnostic(`${where} token ${at} differs, where the lead was ${lead.toFixed(3)}`);
    assert.ok(lead < LEAD_MAX, `${where} token ${at}: ${plain[at]} against ${other[at]}, lead ${lead}`);
  }
});
