import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelHint } from "../../../extension/modelHint.ts";
import type { ModelEntry } from "../../../server/protocol/messages.ts";
import { memoryOf } from "../../fakes/memory.ts";

const HOUR = 3_600_000;
const recommended: ModelEntry = {
  reference: "qwen2.5-coder:1.5b",
  title: "Qwen2.5-Coder 1.5B, Q8_0",
  bytes: 1.6e9,
  lineMs: 450,
  singleLine: 70,
  place: "hub",
  recommended: true,
};

/** A hint whose clock gives the hours after noon of the first day. */
function hinted(
  options: {
    models?: ModelEntry[];
    small?: boolean;
    answer?: string;
    memory?: ReturnType<typeof memoryOf>;
  } = {},
) {
  const noon = new Date(2026, 4, 4, 12).getTime();
  const { models = [recommended], small = true, answer, memory = memoryOf() } = options;
  const state = { hours: 0, shown: 0, asked: [] as string[], chosen: [] as (string | undefined)[], lists: 0 };
  const hint = new ModelHint({
    memory,
    ask: async message => {
      state.asked.push(message);
      return answer;
    },
    listModels: async () => {
      state.lists++;
      return { models };
    },
    isSmallModel: () => small,
    choose: async reference => state.chosen.push(reference),
    now: () => noon + state.hours * HOUR,
  });
  return {
    state,
    memory,
    /** A status at this time. @param more suggestions that were shown since the last one */
    async at(hours: number, more = 1) {
      state.hours = hours;
      state.shown += more;
      await hint.follow({ suggestions: { shown: state.shown, accepted: 0 } });
    },
    restarted: () => {
      state.shown = 0;
      return hint.follow({});
    },
  };
}

test("the hint comes with the first suggestion after a whole day, and says what the model needs", async () => {
  const { state, at } = hinted();
  for (const hours of [0, 5, 13, 23]) await at(hours);
  assert.deepEqual(state.asked, [], "a second day, but not a whole one later");
  await at(24);
  assert.equal(state.asked.length, 1);
  assert.match(state.asked[0] ?? "", /small included model/);
  assert.match(state.asked[0] ?? "", /Qwen2.5-Coder 1.5B, Q8_0 .*70%.*450 ms.*1.6 GB/);
});

test("the hint says nothing of what is not known about the model", async () => {
  const { bytes: _, singleLine: __, ...bare } = recommended;
  const { state, at } = hinted({ models: [bare] });
  for (const hours of [0, 24]) await at(hours);
  assert.match(state.asked[0] ?? "", /for this machine: a line in about 450 ms\.$/);
});

test("the hint comes once, whatever the answer", async () => {
  for (const answer of [undefined, "Fetch It", "Choose Another"]) {
    const { state, at, memory } = hinted(answer === undefined ? {} : { answer });
    for (const hours of [0, 24, 26, 48, 200]) await at(hours);
    assert.equal(state.asked.length, 1);
    const later = hinted({ memory: memoryOf(memory.values) });
    await later.at(300);
    assert.equal(later.state.asked.length, 0, "nor in another window");
  }
});

test("the recommended model is fetched or another one is chosen, depending on the answer", async () => {
  for (const [answer, expected] of [
    ["Fetch It", ["qwen2.5-coder:1.5b"]],
    ["Choose Another", [undefined]],
    [undefined, []],
  ] as const) {
    const { state, at } = hinted(answer === undefined ? {} : { answer });
    for (const hours of [0, 24]) await at(hours);
    assert.deepEqual(state.chosen, expected);
  }
});

test("a user who has chosen a model or seen no suggestion gets no hint", async () => {
  const chosen = hinted({ small: false });
  for (const hours of [0, 24, 48]) await chosen.at(hours);
  const unused = hinted();
  for (const hours of [0, 24, 48]) await unused.at(hours, 0);
  assert.deepEqual([chosen.state.asked, unused.state.asked], [[], []]);
});

test("a window that is open for days gives no hint before it is used again", async () => {
  const { state, at } = hinted();
  await at(0);
  await at(30, 0);
  await at(50, 0);
  assert.deepEqual(
    [state.asked, state.lists],
    [[], 0],
    "its server still counts the suggestion of the first day",
  );
  await at(51);
  assert.equal(state.asked.length, 1);
});

test("suggestions of a restarted server are use as well", async () => {
  const { state, at, restarted } = hinted();
  for (let i = 0; i < 3; i++) await at(0);
  await restarted();
  await at(30);
  assert.equal(state.asked.length, 1);
});

test("the list of models is read again after an hour where none is recommended yet", async () => {
  const { state, at } = hinted({ models: [{ ...recommended, recommended: false }] });
  for (const hours of [0, 24, 24.1, 24.9, 25]) await at(hours);
  assert.deepEqual([state.lists, state.asked], [2, []]);
});
