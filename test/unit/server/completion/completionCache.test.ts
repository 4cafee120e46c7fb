import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CompletionCache } from "../../../../server/completion/completionCache.ts";
import { TokenUsage } from "../../../../server/completion/tokenUsage.ts";
import { type Cursor, placeOf } from "../../../../server/text/documentPosition.ts";
import { sameHash, TextHash } from "../../../../server/text/textHash.ts";
import { below, seeded } from "../../../fakes/random.ts";

const URI = "file:///sample.py";

/** A document with its cursor at `|`. */
function at(marked: string, uri = URI, languageId = "python"): Cursor {
  const offset = marked.indexOf("|");
  const text = marked.replace("|", "");
  return { snapshot: { uri, languageId, version: 1, text, offset }, hash: new TextHash(text) };
}

const entry = (marked: string, text: string, languageId?: string) => ({
  place: placeOf(at(marked, URI, languageId)),
  text,
  finishReason: "lineEnd" as const,
  confidence: undefined,
  explicit: false,
  usage: new TokenUsage().begin(),
});

function cacheOf(completions: Record<string, string>): CompletionCache {
  const cache = new CompletionCache();
  for (const [marked, text] of Object.entries(completions)) cache.add(entry(marked, text));
  return cache;
}

const found = (cache: CompletionCache, marked: string) => {
  const { kind, text } = cache.find(at(marked), false) ?? {};
  return kind && [kind, text];
};

test("the same place finds its text, and typing the text's beginning leaves the rest", () => {
  const cache = cacheOf({ "a = |\nb": "first + second" });
  assert.deepEqual(found(cache, "a = |\nb"), ["cached", "first + second"]);
  assert.deepEqual(found(cache, "a = first|\nb"), ["typedThrough", " + second"]);
  assert.equal(found(cache, "a = fast|\nb"), undefined);
  assert.equal(found(cache, "a = first + second|\nb"), undefined, "nothing is left");
});

test("a place with another prefix, another suffix or another document is not the same place", () => {
  const cache = cacheOf({ "a = |\nb": "first" });
  assert.equal(found(cache, "a = |\nc"), undefined);
  assert.equal(found(cache, "a = |"), undefined);
  assert.equal(found(cache, "x\na = |\nb"), undefined);
  assert.equal(found(cache, "A = |\nb"), undefined);
  assert.equal(cache.find(at("a = |\nb", "file:///other.py"), false), undefined);
  const far = "x".repeat(10_000);
  const distant = cacheOf({ [`1${far}a = |`]: "first" });
  assert.deepEqual(found(distant, `1${far}a = |`), ["cached", "first"]);
  assert.equal(found(distant, `2${far}a = |`), undefined, "beyond what is compared as it is");
});

test("a text generated in one language is not found in another", () => {
  const cache = cacheOf({ "a:\n|": "first" });
  for (const marked of ["a:\n|", "a:\nfi|", "a:\n  |"]) {
    const { snapshot, hash } = at(marked);
    assert.ok(cache.find({ snapshot, hash }, false));
    assert.equal(cache.find({ snapshot: { ...snapshot, languageId: "ruby" }, hash }, false), undefined);
  }
});

test("backspace finds the text generated for the earlier place, not one generated later", () => {
  const cache = cacheOf({ "a = |": "first", "a = s|": "econd" });
  assert.deepEqual(found(cache, "a = s|"), ["cached", "econd"]);
  assert.deepEqual(found(cache, "a = |"), ["cached", "first"]);
  assert.equal(found(cache, "a =|"), undefined);
});

test("the text generated for the nearer place is shown where two fit", () => {
  const cache = cacheOf({ "a = f|": "irst[0]", "a = |": "first" });
  assert.deepEqual(found(cache, "a = fi|"), ["typedThrough", "rst[0]"]);
  const later = cacheOf({ "a = |": "first", "a = f|": "irst[0]" });
  assert.deepEqual(found(later, "a = fi|"), ["typedThrough", "rst[0]"], "whichever was generated first");
});

test("a line break typed as two characters counts as one", () => {
  const cache = cacheOf({ "if a:|": "\n    b\n    c" });
  assert.deepEqual(found(cache, "if a:\r\n    |"), ["typedThrough", "b\n    c"]);
});

test("a text follows the indentation of its line when that changes", () => {
  const cache = cacheOf({ "f()\n    |\nend": "if a:\n        b\n    c" });
  assert.deepEqual(found(cache, "f()\n        |\nend"), ["reindented", "if a:\n            b\n        c"]);
  assert.equal(found(cache, "f()\n|\nend"), undefined, "another block");
  const braces = new CompletionCache();
  braces.add(entry("f()\n    |\nend", "if (a)\n        b\n    c", "javascript"));
  const shallower = braces.find(at("f()\n|\nend", URI, "javascript"), false);
  assert.deepEqual([shallower?.kind, shallower?.text], ["reindented", "if (a)\n    b\nc"]);
  assert.equal(found(cache, "f()\n\t|\nend"), undefined, "other blanks");
  assert.equal(found(cache, "f()\n    x|\nend"), undefined);
  assert.equal(found(cache, "g()\n        |\nend"), undefined);
  const shallow = new CompletionCache();
  shallow.add(entry("f()\n    |", "a\nb", "javascript"));
  const farther = shallow.find(at("f()\n|", URI, "javascript"), false);
  assert.equal(farther, undefined, "a line that cannot go further to the left");
});

test("a line within a string is not reindented, and nothing leaves its block where indentation makes blocks", () => {
  const cache = cacheOf({ "def f():\n    |": "x = '''a\nb'''", "def g():\n    |": "x = 1\n    return 2" });
  assert.equal(found(cache, "def f():\n        |"), undefined);
  assert.deepEqual(found(cache, "def g():\n        |"), ["reindented", "x = 1\n        return 2"]);
  assert.equal(found(cache, "def g():\n|"), undefined);
});

test("a reindented text keeps its blank lines, and its strings that end on their line", () => {
  const cache = cacheOf({ "f()\n    |\nend": "a = 'text'\n\n    b" });
  assert.deepEqual(found(cache, "f()\n        |\nend"), ["reindented", "a = 'text'\n\n        b"]);
  const begun = cacheOf({ "|": "f(a)\n'text'" });
  assert.deepEqual(found(begun, "  |"), ["reindented", "f(a)\n  'text'"]);
});

test("a text is not reindented to other blanks, from a line with text, or where it begins with blanks of its own", () => {
  const braces = new CompletionCache();
  braces.add(entry("f()\n    |\nend", "a\n    b", "javascript"));
  assert.equal(braces.find(at("f()\n\t|\nend", URI, "javascript"), false), undefined);
  for (const text of ["  a", "\n    a", ""])
    assert.equal(found(cacheOf({ "f()\n    |\nend": text }), "f()\n        |\nend"), undefined, text);
  assert.equal(found(cacheOf({ "f()\nx = |\nend": "a" }), "f()\n    |\nend"), undefined);
});

test("an empty text is found at its own place only", () => {
  const cache = cacheOf({ "a = |": "" });
  assert.deepEqual(found(cache, "a = |"), ["cached", ""]);
  assert.equal(found(cache, "a = b|"), undefined);
});

test("a newer text replaces an older one at its place, and the least recently used is dropped first", () => {
  const cache = new CompletionCache(2);
  const add = (marked: string, text: string) => cache.add(entry(marked, text));
  add("a|", "1");
  add("a|", "2");
  assert.equal(cache.size, 1);
  add("b|", "3");
  assert.deepEqual(found(cache, "a|"), ["cached", "2"]);
  add("c|", "4");
  assert.deepEqual(found(cache, "a|"), ["cached", "2"]);
  assert.equal(found(cache, "b|"), undefined);
  cache.clear();
  assert.equal(found(cache, "a|"), undefined);
});

test("hashes carried over from edit to edit equal those of the text hashed anew", () => {
  const numbers = seeded(5);
  const random = (limit: number) => below(numbers, limit);
  const letters = "abc\n🙂é";
  let hash = new TextHash("start ".repeat(4_000));
  for (let edit = 0; edit < 60; edit++) {
    const { text } = hash;
    const start = random(text.length + 1);
    const end = Math.min(text.length, start + random(edit % 7 === 0 ? 9_000 : 5));
    const added = Array.from({ length: random(6) }, () => letters.charAt(random(letters.length))).join("");
    hash.before(random(text.length + 1));
    hash.after(random(text.length + 1));
    hash = hash.edited(text.slice(0, start) + added + text.slice(end), start, text.length - end);
    const anew = new TextHash(hash.text);
    for (const offset of [0, start, hash.text.length, random(hash.text.length + 1)]) {
      assert.ok(sameHash(hash.before(offset), anew.before(offset)));
      assert.ok(sameHash(hash.after(offset), anew.after(offset)));
    }
  }
});

test("a place that is kept does not keep the text of its document", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  const places = Array.from({ length: 60 }, (_, version) => {
    const line = `x = "${"blanks and words ".repeat(10)}${version}"\n`;
    return placeOf(at(`${line.repeat(5_000)}${" ".repeat(40)}|`));
  });
  const keptCharacters = (used() - before) / places.length;
  assert.ok(keptCharacters < 20_000, `${keptCharacters} characters of each document of 900,000`);
  assert.equal(places[0]?.line?.indentation, " ".repeat(40));
});

test("a withheld text is not found by explicit requests, and a requested one not by automatic requests", () => {
  const cache = new CompletionCache();
  cache.add({ ...entry("f(a|", ""), finishReason: "closersOnly" });
  assert.equal(cache.find(at("f(a|"), false)?.text, "");
  assert.equal(cache.find(at("f(a|"), true), undefined);
  cache.add({ ...entry("f(a|", ", b)"), explicit: true });
  assert.equal(cache.find(at("f(a|"), true)?.text, ", b)");
  assert.equal(cache.find(at("f(a|"), false), undefined);
  assert.equal(cache.find(at("f(a, |"), false)?.text, "b)", "which is on the screen");
  cache.add({ ...entry("f()\n    |", "g()"), explicit: true });
  assert.equal(cache.find(at("f()\n      |"), true)?.text, "g()");
  assert.equal(cache.find(at("f()\n      |"), false), undefined);
});
