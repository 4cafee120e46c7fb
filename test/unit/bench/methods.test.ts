import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { runSuite, suiteTable, summarise } from "../../bench/decode.ts";
import { engineMethod, serverMethod } from "../../bench/methods.ts";
import { pld } from "../../bench/presets/pld.ts";
import type { Preset } from "../../bench/presets/preset.ts";
import { END, FakeEngine, saying } from "../../fakes/engine.ts";
import { close, listen, urlOf } from "../../fakes/loopback.ts";
import { item, vocabulary } from "./items.ts";

const never = new AbortController().signal;

test("a published method keeps its state from item to item of a run, and generates no more tokens than asked for", async () => {
  const engine = new FakeEngine(saying("abcd".repeat(20)));
  const tokens = vocabulary.tokenize("abcd".repeat(6));
  const begun: number[][] = [];
  const preset: Preset = {
    name: "pld",
    nodes: 11,
    begin: () => {
      const lengths: number[] = [];
      begun.push(lengths);
      return history => {
        lengths.push(history.length);
        return pld.begin()(history);
      };
    },
  };
  let prepared = 0;
  const prepare = () => {
    prepared++;
  };
  const methods = [
    engineMethod("plain", engine, { treeNodes: 1 }),
    engineMethod("pld", engine, { treeNodes: preset.nodes, preset, prepare }),
  ];
  const short = { ...item(), prompt: { tokens, history: tokens, after: new Int32Array(0) }, maxTokens: 7 };
  const items = [short, short];
  const records = await runSuite({ items, methods, runs: 2, progress: () => {} }, never);
  assert.deepEqual(
    begun,
    [
      [24, 24, 24],
      [24, 24],
      [24, 24],
    ],
    "three to warm up, and each run its own",
  );
  assert.equal(prepared, 7);
  for (const { tokens, decodes } of records.get("pld")!.flat()) {
    assert.equal(tokens.length, 7);
    assert.equal(decodes, 1, "a tree may be deeper than what is left");
  }
  const [, result] = summarise(records, items, token => token === END);
  assert.equal(result!.exact, true);
});

test("every method runs on every item as often as asked, and the drafts are found to be exact", async () => {
  const engine = new FakeEngine(saying("a,b;a,b;a,b;a,b;"));
  const methods = [
    engineMethod("plain", engine, { treeNodes: 1 }),
    engineMethod("foretoken", engine, { treeNodes: 8 }),
  ];
  const items = [item(), item()];
  const records = await runSuite({ items, methods, runs: 3, progress: () => {} }, never);
  for (const runs of records.values())
    assert.deepEqual(
      runs.map(ofItem => ofItem.length),
      [3, 3],
    );
  const results = summarise(records, items, token => token === END);
  assert.deepEqual(
    results.map(({ method, exact }) => [method, exact]),
    [
      ["plain", true],
      ["foretoken", true],
    ],
  );
  assert.equal(results[0]!.meanAccepted, 1);
  assert.ok(results[1]!.meanAccepted > 1.5);
  assert.match(suiteTable({ suite: "single", methods: results }), /foretoken .* yes/);
});

test("llama-server is given the same tokens, and its own times are reported", async () => {
  let asked: { prompt: number[]; n_predict: number; cache_prompt: boolean } | undefined;
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", chunk => {
      body += chunk;
    });
    request.on("end", () => {
      asked = JSON.parse(body);
      response.end(
        JSON.stringify({
          tokens: [7, 8, 9],
          timings: {
            prompt_n: 12,
            prompt_ms: 6,
            predicted_n: 3,
            predicted_ms: 30,
            draft_n: 4,
            draft_n_accepted: 1,
          },
        }),
      );
    });
  });
  await listen(http);
  const url = urlOf(http);
  try {
    const answer = await serverMethod("llama-server", url).run(item(), 0, never);
    assert.deepEqual(asked?.prompt, [...item().prompt.tokens]);
    assert.equal(asked?.n_predict, 24);
    assert.equal(asked?.cache_prompt, false);
    const prefill = { tokens: 12, ms: 6 };
    assert.deepEqual(answer, {
      tokens: [7, 8, 9],
      decodeMs: 30,
      decodes: 2,
      nodes: 6,
      draftMs: [],
      latency: { firstMs: 6, wholeMs: 36 },
      prefill,
    });
  } finally {
    await close(http);
  }
  await assert.rejects(serverMethod("llama-server", url).run(item(), 0, never), /does not answer/);
});
