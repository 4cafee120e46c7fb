/** Which text is shown for a given text of the model: the built server over LSP, with scripted models. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Applied, type Case, described, holds, marked, readCases } from "./case.ts";
import { Editor } from "./editor.ts";
import { writeScriptedModel } from "./scriptedModel.ts";

/** The number of servers that run at the same time. */
const SERVERS = 2;
/** Time to load a grammar, which is loaded by the time a user types; on a busy machine a failed case waits once more. */
const GRAMMAR_MS = 500;

/** Plays a case. @returns the expectation that failed, or undefined */
async function failure(editor: Editor, each: Case): Promise<string | undefined> {
  const document = await editor.open(each.language, marked(each));
  let last: Applied | undefined;
  try {
    for (const step of [each, ...(each.steps ?? [])]) {
      if ("accept" in step && step.accept) {
        if (!last) return "there is nothing to accept";
        await document.accept(last);
      }
      if ("type" in step && step.type) await document.type(step.type);
      if ("back" in step && step.back) await document.back(step.back);
      last = await document.complete(each);
      if (step.expect !== undefined && !holds(step.expect, last, document.at))
        return described(step.expect, last, document.at);
    }
    return undefined;
  } finally {
    await document.close();
  }
}

/** The cases of each text of a model. */
function byModel(cases: readonly Case[]): Case[][] {
  const groups = new Map<string, Case[]>();
  for (const each of cases) {
    const key = JSON.stringify(each.model);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

/** Plays cases in a separate server, which loads another model for each group. */
async function play(groups: readonly Case[][], folder: string, context: TestContext): Promise<void> {
  mkdirSync(folder);
  const editor = await Editor.start(folder);
  try {
    await editor.prepare(new Set(groups.flat().map(({ language }) => language)));
    await sleep(GRAMMAR_MS);
    for (const [index, group] of groups.entries()) {
      const path = join(folder, `${index}.gguf`);
      writeScriptedModel(path, group[0]?.model ?? "");
      await editor.loadModel(path);
      for (const each of group)
        await context.test(each.name, async () => {
          if ((await failure(editor, each)) === undefined) return;
          await sleep(GRAMMAR_MS);
          const failed = await failure(editor, each);
          assert.equal(failed, undefined, `${each.why ?? "not as expected"}\n  ${failed}`);
        });
      rmSync(path);
    }
  } finally {
    await editor.stop();
  }
}

test("the text shown is what an experienced user wants", { concurrency: SERVERS }, async context => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-scripted-"));
  const groups = byModel(readCases());
  const shares = Array.from({ length: SERVERS }, (_, share) =>
    groups.filter((_, index) => index % SERVERS === share),
  );
  try {
    await Promise.all(shares.map((share, index) => play(share, join(folder, String(index)), context)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
