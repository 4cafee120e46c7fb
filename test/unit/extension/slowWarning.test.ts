import assert from "node:assert/strict";
import { test } from "node:test";
import { SlowWarning } from "../../../extension/slowWarning.ts";
import type { SlowAdvice } from "../../../server/protocol/messages.ts";
import { memoryOf } from "../../fakes/memory.ts";

const advice: SlowAdvice[] = [{ kind: "context", tokens: 1024, lineMs: 900 }];

function warning(memory = memoryOf(), answer?: string) {
  const asked: string[] = [];
  const followed: SlowAdvice[] = [];
  const slow = new SlowWarning({
    memory,
    ask: async message => {
      asked.push(message);
      return answer;
    },
    follow: async each => followed.push(each),
  });
  return { slow, asked, followed, memory };
}

test("the warning is shown once for each model, in this window and in later ones", async () => {
  const { slow, asked, memory } = warning();
  await slow.show({});
  assert.equal(asked.length, 0);
  for (const model of ["a", "a", "b"]) await slow.show({ slow: { model, lineMs: 2000, advice } });
  assert.equal(asked.length, 2);
  const later = warning(memoryOf(memory.values));
  await later.slow.show({ slow: { model: "a", lineMs: 2000, advice } });
  assert.equal(later.asked.length, 0);
});

test("the chosen advice is followed, and closing the message does nothing", async () => {
  const chosen = warning(memoryOf(), "Use 1024 Tokens");
  await chosen.slow.show({ slow: { model: "a", lineMs: 2000, advice } });
  assert.deepEqual(chosen.followed, advice);
  const closed = warning();
  await closed.slow.show({ slow: { model: "a", lineMs: 2000, advice } });
  assert.deepEqual(closed.followed, []);
});

test("statuses that arrive while the warning is on the screen do not repeat it", async () => {
  const { slow, asked } = warning();
  const status = { slow: { model: "a", lineMs: 2000, advice } };
  await Promise.all([slow.show(status), slow.show(status)]);
  assert.equal(asked.length, 1);
});
