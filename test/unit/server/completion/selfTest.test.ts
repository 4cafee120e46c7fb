import assert from "node:assert/strict";
import { test } from "node:test";
import { selfTest } from "../../../../server/completion/selfTest.ts";
import { Grammars } from "../../../../server/syntax/index.ts";
import { grammarsDirectory } from "../../../../server/system/paths.ts";
import { answering, END, FakeEngine, type FakeModel } from "../../../fakes/engine.ts";

const never = new AbortController().signal;
const [PREFIX, SUFFIX] = [257, 258];

/** The middles of the probes, by the text before them. */
const knowing = answering({
  "def add(a, b):\n    return ": "a + b",
  "with open(": "path",
  "function square(x) {\n  return ": "x * x",
  "if a > b {\n\t\treturn ": "a",
  "u32) -> bool {\n    ": "n % 2 == 0",
  "count++;\n        return ": "count;",
});

/** A model that knows the middles only where the prompt begins with the given part, and generates nonsense otherwise. */
const onlyFirst =
  (first: number): FakeModel =>
  context => {
    if (context.find(token => token === PREFIX || token === SUFFIX) !== first)
      return context.length % 7 ? 120 : END;
    // The fake reads its prefix up to the suffix's token.
    const [prefix, suffix] = [context.indexOf(PREFIX), context.indexOf(SUFFIX)];
    if (first === PREFIX) return knowing(context);
    const middle = context.lastIndexOf(259);
    return knowing([
      PREFIX,
      ...context.slice(prefix + 1, middle),
      SUFFIX,
      ...context.slice(suffix + 1, prefix),
      ...context.slice(middle),
    ]);
  };

const tested = (model: FakeModel, fimOrder?: string) =>
  selfTest(new FakeEngine(model, { fimOrder }), new Grammars(grammarsDirectory(), () => {}), never);

test("a model that fills in the middles passes", async () => {
  const report = await tested(onlyFirst(PREFIX));
  assert.deepEqual(report?.middles, { right: 6, of: 6, order: "prefix-first", rightInOtherOrder: 0 });
  assert.equal(report?.problem, undefined);
});

test("a model that needs the other order than its file states is refused, with the remedy", async () => {
  const report = await tested(onlyFirst(SUFFIX));
  assert.deepEqual(report?.middles, { right: 0, of: 6, order: "prefix-first", rightInOtherOrder: 6 });
  assert.match(
    report?.problem ?? "",
    /text after the cursor first \(6 of 6 middles, 0 otherwise\).*suffix-first\.$/,
  );
  const said = await tested(onlyFirst(SUFFIX), "suffix-first");
  assert.deepEqual(said?.middles, { right: 6, of: 6, order: "suffix-first", rightInOtherOrder: 0 });
  assert.equal(said?.problem, undefined);
});

test("a model that fills in the middles in neither order is refused", async () => {
  const report = await tested(context => (context.length % 7 ? 120 : END));
  assert.match(report?.problem ?? "", /does not fill in missing code: 0 of 6/);
});
