import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import { ArgumentsError, failureText, refuseSurplus, UsageError } from "../../../../server/system/usage.ts";

const USAGE = "Usage:\n  foretoken fly\n";

test("the reason comes last, below the usage", () => {
  const expected = "Usage:\n  foretoken fly\n\nforetoken: fly needs wings.\n";
  assert.equal(failureText(new ArgumentsError("fly needs wings."), USAGE), expected);
  assert.equal(failureText(new UsageError(`fly needs wings.\n\n${USAGE}`), "Usage:\n  all\n"), expected);
  const paragraphs = failureText(new UsageError(`No.\n\n${USAGE}\nExit codes: 0\n`));
  assert.equal(paragraphs, "Usage:\n  foretoken fly\n\nExit codes: 0\n\nforetoken: No.\n");
});

test("the usage is shown only for errors in the arguments", () => {
  assert.equal(failureText(new UsageError("It rains."), USAGE), "foretoken: It rains.\n");
  assert.equal(failureText(new ArgumentsError("No.")), "foretoken: No.\n");
  try {
    parseArgs({ args: ["--foo"], options: {} });
    assert.fail();
  } catch (error) {
    assert.equal(failureText(error, USAGE), `${USAGE}\nforetoken: There is no option --foo.\n`);
  }
});

test("an unexpected error is reported with its stack trace", () => {
  assert.match(failureText(new Error("worn out"), USAGE), /^foretoken: Error: worn out\n {4}at /);
});

test("arguments beyond the expected ones are named", () => {
  refuseSurplus(["a"], 1);
  assert.throws(() => refuseSurplus(["a", "b", "c"], 1), /Nothing more is expected here: b c\./);
});
