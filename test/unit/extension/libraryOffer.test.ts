import assert from "node:assert/strict";
import { test } from "node:test";
import { LibraryOffer } from "../../../extension/libraryOffer.ts";
import type { Status } from "../../../server/protocol/messages.ts";
import { memoryOf } from "../../fakes/memory.ts";

/** An offer that follows a server's states; `counts` says how often the server and the user were asked. */
function offer(wants: () => boolean, answer?: string) {
  const counts = { looked: 0, asked: 0, fetched: 0 };
  const libraries = new LibraryOffer({
    memory: memoryOf(),
    ask: async () => {
      counts.asked++;
      return answer;
    },
    wantsLibraries: async () => {
      counts.looked++;
      return wants();
    },
    fetch: async () => void counts.fetched++,
  });
  const follow = async (...states: Status["state"][]) => {
    for (const state of states) await libraries.follow({ state });
  };
  return { counts, follow, libraries };
}

test("libraries are looked for once after each load, and offered as soon as they could be fetched", async () => {
  let isWanted = false;
  const { counts, follow } = offer(() => isWanted);
  await follow("starting", "error", "starting");
  assert.equal(counts.looked, 0);
  await follow("ready", "working", "ready");
  assert.deepEqual(counts, { looked: 1, asked: 0, fetched: 0 });
  isWanted = true;
  await follow("starting", "off", "ready");
  assert.deepEqual(counts, { looked: 2, asked: 1, fetched: 0 });
});

test("they are offered once, also where two loads follow each other before the server has answered", async () => {
  const { counts, follow, libraries } = offer(() => true);
  await Promise.all((["ready", "starting", "ready"] as const).map(state => libraries.follow({ state })));
  await follow("starting", "ready");
  assert.deepEqual(counts, { looked: 2, asked: 1, fetched: 0 });
});

test("they are fetched only where the user agrees", async () => {
  for (const [answer, fetched] of [
    ["Fetch Them", 1],
    ["No", 0],
    [undefined, 0],
  ] as const) {
    const { counts, follow } = offer(() => true, answer);
    await follow("starting", "ready");
    assert.equal(counts.fetched, fetched, answer);
  }
});
