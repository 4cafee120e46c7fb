/** Opening llama.cpp's libraries, in a process that has none open yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findBackend } from "../../server/engine/backend.ts";
import { isProblem, openBackend } from "../../server/engine/modelFile.ts";

test("the event loop turns while the libraries start, and those who ask meanwhile get the same ones", async () => {
  const backend = findBackend("cpu");
  assert.ok(backend);
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  const [first, second] = await Promise.all([openBackend(backend), openBackend(backend)]);
  clearInterval(turning);
  assert.ok(!isProblem(first));
  assert.equal(first, second);
  assert.ok(turns > 3, `it turned ${turns} times`);
});

test("libraries that cannot be opened are a problem, and looked for again the next time", async () => {
  const missing = { name: "cpu", directory: "/nowhere" } as const;
  for (let tries = 0; tries < 2; tries++) assert.ok(isProblem(await openBackend(missing)));
});
