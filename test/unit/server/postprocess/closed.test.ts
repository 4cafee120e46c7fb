import assert from "node:assert/strict";
import { test } from "node:test";
import { closedFrames } from "../../../../server/postprocess/closed.ts";
import { Scanner } from "../../../../server/postprocess/scanner.ts";
import { languageRules } from "../../../../server/syntax/languages.ts";
import { assertShown } from "../../../fakes/growing.ts";

test("very deeply nested brackets are matched", () => {
  const depth = 50_000;
  const { lexicon } = languageRules("json");
  const scanner = new Scanner(lexicon);
  scanner.scan("[".repeat(depth));
  const after = "]".repeat(depth);
  const { closed } = closedFrames(scanner.state, lexicon, after, { tail: "[", partial: false });
  assert.equal(closed.size, depth);
});

test("a later string whose text is quoted itself does not end the string at the cursor", () => {
  assertShown([
    ["powershell", "f \"'I¦\ng \"'b'\"\n", " do'\"\ng\n", " do'\""],
    ["powershell", 'f "a¦\ng " \'"\n', 'b"\ng\n', "b"],
  ]);
});
