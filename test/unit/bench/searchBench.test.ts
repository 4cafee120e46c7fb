import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Store, writeShard } from "../../../datastores/index/index.ts";
import { randomNumbers } from "../../../server/draft/random.ts";
import { compileSearch } from "../../bench/compiledSearch.ts";
import { searchBench, searchTable, WAYS } from "../../bench/searchBench.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-search-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function hasCompiler(): boolean {
  try {
    execFileSync(process.env.CXX || "c++", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("the error says what to install where there is no C++ compiler", () => {
  assert.throws(
    () => compileSearch(folder, "no-such-compiler"),
    /no C\+\+ compiler \(no-such-compiler\).*apt-get install g\+\+/,
  );
});

const skip = hasCompiler() ? false : "needs a C++ compiler";

test("the compiled search finds what the port finds, and every search is timed", { skip }, async () => {
  const random = randomNumbers(5);
  const tokens = Uint32Array.from({ length: 20_000 }, () => Math.floor(40 * random() ** 3));
  const path = join(folder, "store.fts");
  const metadata = { tokenizer: "", vocabularySize: 40, textBytes: 0, source: "", created: "", builder: "" };
  const origin = { origin: "text", licences: [], repositories: [], contentId: "" };
  const documents = [{ start: 0, length: tokens.length, ...origin }];
  await writeShard(path, { tokens, documents, metadata });
  const [file, memory] = [Store.open([path]), Store.open([path], "memory")];
  try {
    const contexts = Array.from({ length: 150 }, () =>
      Int32Array.from({ length: 32 }, () => Math.floor(41 * random() ** 3)),
    );
    const report = await searchBench({ file, memory }, contexts, folder);
    assert.equal(report.differences, 0);
    assert.equal(report.contexts, 150);
    assert.deepEqual(
      report.times.map(({ way }) => way),
      [...WAYS],
    );
    for (const { way, search, continuations } of report.times)
      assert.ok(search.p50 > 0 && search.p90 >= search.p50 && continuations.p50 > 0, way);
    assert.match(searchTable(report), /REST's, compiled C\+\+ /);
  } finally {
    file.close();
    memory.close();
  }
});
