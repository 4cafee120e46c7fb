import assert from "node:assert/strict";
import { test } from "node:test";
import { Activity } from "../../../extension/activity.ts";
import { fetchLibraries, LibraryOffer } from "../../../extension/libraryOffer.ts";
import type { LibrariesReport, ModelFailure, Status } from "../../../server/protocol/messages.ts";
import { memoryOf } from "../../fakes/memory.ts";
import { notifications } from "../../fakes/vscode.ts";

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

/** Fetches where each attempt ends with the next of these problems. */
async function fetching(problems: (ModelFailure | null)[], answers: string[] = []) {
  Object.assign(notifications, { progress: [], errors: [], answers: [...answers] });
  const counts = { attempts: 0, restarts: 0 };
  const activity = new Activity();
  const source = {
    async fetchLibraries(report: (report: LibrariesReport) => void) {
      report({ bytes: 50_600_000, totalBytes: 202_400_000 });
      assert.deepEqual(activity.current, { text: "Foretoken: CUDA libraries: 51 of 202 MB", done: 0.25 });
      return problems[counts.attempts++] ?? null;
    },
  };
  await fetchLibraries(source, activity, async () => void counts.restarts++);
  assert.equal(activity.current, undefined, "nothing is under way any more");
  return { ...counts, errors: notifications.errors };
}

const OFFLINE: ModelFailure = {
  code: "network",
  message: "The registry failed (500).",
  remedy: "Try again later.",
};

test("fetched libraries are taken into use, and their progress is shown in megabytes", async () => {
  assert.deepEqual(await fetching([null]), { attempts: 1, restarts: 1, errors: [] });
  assert.deepEqual(notifications.progress, [{ message: "51 of 202 MB", increment: 25 }]);
});

test("a failed fetch names the problem with its remedy, and is tried again where the user asks for it", async () => {
  const said = "Foretoken: The registry failed (500). Try again later.";
  assert.deepEqual(await fetching([OFFLINE]), { attempts: 1, restarts: 0, errors: [said] });
  const again = await fetching([OFFLINE, null], ["Try Again"]);
  assert.deepEqual(again, { attempts: 2, restarts: 1, errors: [said] });
});

test("a fetch that the user has cancelled ends without a message", async () => {
  const cancelled = { code: "cancelled", message: "Cancelled.", remedy: "" };
  assert.deepEqual(await fetching([cancelled]), { attempts: 1, restarts: 0, errors: [] });
});
