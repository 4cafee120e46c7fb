import assert from "node:assert/strict";
import { test } from "node:test";
import { regionAt, withoutEmbedded } from "../../../../server/syntax/embedded.ts";

/** The language at the mark, and the text of it around the mark. */
function region(marked: string, languageId = "html"): [languageId: string, text: string] {
  const offset = marked.indexOf("‸");
  const text = marked.replace("‸", "");
  const at = regionAt({ text, offset, languageId });
  return [at.languageId, text.slice(at.from, at.to)];
}

test("a script or style sheet is code of its own language", () => {
  assert.deepEqual(region("<p><script>a‸b</script></p>"), ["javascript", "ab"]);
  assert.deepEqual(region('<script setup lang="ts">\na‸\n</script>', "vue"), ["typescript", "\na\n"]);
  assert.deepEqual(region("<style lang='scss'>‸</style>", "svelte"), ["scss", ""]);
  assert.deepEqual(region('<script type="application/ld+json">{‸}</script>'), ["json", "{}"]);
  assert.deepEqual(region('<script data-a="1 > 0">a‸'), ["javascript", "a"], "one that is not closed");
  assert.deepEqual(
    region('<script type="constructor">a‸</script>'),
    ["constructor", "a"],
    "a type of no language",
  );
});

test("text outside of scripts, and within their tags, is that of the document", () => {
  for (const marked of [
    "<script>a</script><p>‸</p>",
    "‸<script>a</script>",
    "<script src=‸></script>",
    '<script type="text/x-template"><p>‸</p></script>',
  ])
    assert.deepEqual(region(marked), ["html", marked.replace("‸", "")], marked);
  assert.equal(region("<script>‸</script>", "javascript")[0], "javascript");
});

test("the contents of scripts and style sheets are left out of the text of their document", () => {
  const text = "a(</script><p><script lang=ts>b(</script><style>c{</style>d<script>e";
  assert.equal(withoutEmbedded(text, "vue"), "</script><p><script lang=ts></script><style></style>d<script>");
  assert.equal(withoutEmbedded(text, "javascript"), text);
});
