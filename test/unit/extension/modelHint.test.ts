import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelHint } from "../../../extension/modelHint.ts";
import type { ModelEntry } from "../../../server/protocol/messages.ts";
import { memoryOf } from "../../fakes/memory.ts";

const HOUR = 3_600_000;
const USED = { suggestions: { shown: 3, accepted: 1 } };
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
  const state = { hours: 0, asked: [] as string[], chosen: [] as (string | undefined)[], lists: 0 };
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
    async at(hours: number, status: Parameters<typeof hint.follow>[0] = USED) {
      state.hours = hours;
      await hint.follow(status);
    },
  };
}

test("the hint comes after a day, on a second day of use, and says what the model needs", async () => {
  const { state, at } = hinted();
  for (const hours of [0, 5, 13, 23]) await at(hours);
  assert.deepEqual(state.asked, [], "a second day, and not a whole one later");
  await at(24);
  assert.equal(state.asked.length, 1);
  assert.match(state.asked[0] ?? "", /small model that is included/);
  assert.match(state.asked[0] ?? "", /Qwen2.5-Coder 1.5B, Q8_0 .*70%.*450 ms.*1.6 GB/);
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
  ] as const) {
    const { state, at } = hinted({ answer });
    for (const hours of [0, 24]) await at(hours);
    assert.deepEqual(state.chosen, expected);
  }
});

test("a user who has chosen a model or seen no suggestion gets no hint", async () => {
  const chosen = hinted({ small: false });
  for (const hours of [0, 24, 48]) await chosen.at(hours);
  const unused = hinted();
  for (const hours of [0, 24, 48]) await unused.at(hours, { suggestions: { shown: 0, accepted: 0 } });
  assert.deepEqual([chosen.state.asked, unused.state.asked], [[], []]);
});

test("a window that was used a day ago and not since counts as one day of use", async () => {
  const { state, at } = hinted();
  await at(0);
  await at(30);
  assert.equal(state.asked.length, 1, "this is the second");
  const single = hinted();
  await single.at(30);
  assert.equal(single.state.asked.length, 0);
});

test("the list of models is read again after an hour where none is recommended yet", async () => {
  const { state, at } = hinted({ models: [{ ...recommended, recommended: false }] });
  for (const hours of [0, 24, 24.1, 24.9, 25.1]) await at(hours);
  assert.deepEqual([state.lists, state.asked], [2, []]);
});
