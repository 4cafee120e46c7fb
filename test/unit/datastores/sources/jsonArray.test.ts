import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { arrayItems } from "../../../../datastores/sources/jsonArray.ts";

/** The items of a text that is given in chunks of `chunkBytes`. */
async function items(text: string, chunkBytes: number, limit = 1000): Promise<(string | undefined)[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const found: (string | undefined)[] = [];
  for await (const item of arrayItems(chunks(), limit))
    found.push(item === undefined ? undefined : Buffer.from(item).toString().trim());
  return found;
}

test("items end at their own commas, wherever the chunks begin and end", async () => {
  const wanted = [
    "",
    { text: 'a, "b" ] } \\', list: [1, [2], { x: "]" }] },
    "[,]",
    5,
    [],
    { naïve: "🙂\n" },
    null,
    "\\",
  ];
  for (const text of [JSON.stringify(wanted), JSON.stringify(wanted, undefined, 2)])
    for (const chunkBytes of [1, 2, 3, 7, 1000])
      assert.deepEqual(
        (await items(text, chunkBytes)).map(item => JSON.parse(item as string)),
        wanted,
        `${chunkBytes}`,
      );
});

test("arrays may follow each other, be empty, and have text around them", async () => {
  assert.deepEqual(await items("\ufeff [ ] \n[1, 2]\n [\n] [3]\n", 4), ["1", "2", "3"]);
  assert.deepEqual(await items("", 4), []);
  assert.deepEqual(
    await items('[\u0001, "a\\"]"]', 4),
    ["\u0001", '"a\\"]"'],
    "what JSON does not allow is kept",
  );
});

test("an item that is too long or incomplete is undefined, and the others are returned", async () => {
  assert.deepEqual(await items(`["a", "${"b".repeat(100)}", "c"]`, 8, 50), ['"a"', undefined, '"c"']);
  assert.deepEqual(await items('["a", {"b": [1', 5), ['"a"', undefined]);
  assert.deepEqual(
    await items('["12345678","123456789"]', 4, 10),
    ['"12345678"', undefined],
    "ten bytes are allowed",
  );
});

test("an item that is too long is not kept in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const given: WeakRef<ArrayBuffer>[] = [];
  let held = 0;
  async function* chunks() {
    yield Buffer.from('["');
    for (let i = 0; i < 20; i++) {
      const chunk = new Uint8Array(10_000).fill(0x61);
      given.push(new WeakRef(chunk.buffer));
      yield chunk;
    }
    await new Promise(resolve => setImmediate(resolve));
    collect();
    held = given.filter(chunk => chunk.deref()).length;
    yield Buffer.from('", 1]');
  }
  const found: (string | undefined)[] = [];
  for await (const item of arrayItems(chunks(), 1000))
    found.push(item && Buffer.from(item).toString().trim());
  assert.deepEqual(found, [undefined, "1"]);
  assert.ok(held < given.length / 2, `${held} of ${given.length} chunks`);
});
