/** Shards in files for tests, and the problems that damaged ones give. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { StoreError, type StoreProblem } from "../../../../datastores/document.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { seeded } from "../../../fakes/random.ts";
import { corpusOf, randomTexts, temporaryFolder } from "./corpus.ts";

export const VOCABULARY = 90;

/** A corpus of a few hundred entries, so of several samples. */
export const someCorpus = () => corpusOf(randomTexts(seeded(12), 30, 6, 13), VOCABULARY);

export async function writtenShard(t: TestContext, name = "some.fts"): Promise<string> {
  const path = join(temporaryFolder(t), name);
  await writeShard(path, someCorpus());
  return path;
}

/** The problem that `act` throws; it names the file and a remedy. */
export function problemOf(act: () => void, path: string, what: string): StoreProblem {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof StoreError, `${what}: ${error}`);
    assert.ok(error.problem.message.includes(path), `${what} names the file: ${error.message}`);
    const remedy =
      error.problem.code === "unreadable"
        ? /^Check that it can be read/
        : /Rebuild Datastore.*foretoken datastore build/;
    assert.match(error.problem.remedy, remedy, what);
    return error.problem;
  }
  return assert.fail(`${what} is noticed`);
}
