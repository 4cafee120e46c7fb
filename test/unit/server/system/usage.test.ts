import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import {
  ArgumentsError,
  failureText,
  interrupted,
  orUsageError,
  refuseOtherOptions,
  refuseSurplus,
  reportAndFail,
  UsageError,
  whole,
} from "../../../../server/system/usage.ts";

const USAGE = "Usage:\n  foretoken fly\n";

test("the reason comes last, below the usage", () => {
  const expected = "Usage:\n  foretoken fly\n\nforetoken: fly needs wings.\n";
  assert.equal(failureText(new ArgumentsError("fly needs wings."), USAGE), expected);
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
  assert.match(failureText(new TypeError("a fault")), /^foretoken: TypeError: a fault\n {4}at /);
});

test("names in a message stay in their place, without what a terminal would obey", () => {
  const message = "There is no a\n\nb\u001b[31m\u009b0m\u202egnp.";
  const shown = "There is no a\n\nb\\x1b[31m\\x9b0m\\u202egnp.";
  assert.equal(failureText(new UsageError(message), USAGE), `foretoken: ${shown}\n`);
  assert.equal(failureText(new ArgumentsError(message), USAGE), `${USAGE}\nforetoken: ${shown}\n`);
  assert.ok(failureText(new Error(message)).startsWith(`foretoken: Error: ${shown}\n    at `));
});

test("arguments beyond the expected ones are named", () => {
  refuseSurplus(["a"], 1);
  assert.throws(() => refuseSurplus(["a", "b", "c"], 1), /Nothing more is expected here: b c\./);
});

test("an option that an action does not have is named", () => {
  refuseOtherOptions({ json: true }, ["json", "all"], "model list");
  assert.throws(
    () => refuseOtherOptions({ json: true, force: true }, ["json"], "model list"),
    new ArgumentsError("model list has no option --force."),
  );
});

test("the problem of a step ends the command with its remedy, and its result is passed on", () => {
  const result = { path: "/m.gguf" };
  assert.equal(orUsageError(result), result);
  const failed = { problem: { message: "There is no model.", remedy: "Choose one." } };
  assert.throws(() => orUsageError(failed), new UsageError("There is no model. Choose one."));
});

test("an option that counts is a whole number from a least one, or the standard where it is not given", () => {
  const read = (steps?: string) => whole(steps === undefined ? {} : { steps }, "steps", 8, 2);
  assert.deepEqual([read(), read("2"), read("30")], [8, 2, 30]);
  for (const given of ["1", "-3", "2.5", "many", ""])
    assert.throws(
      () => read(given),
      new UsageError(`--steps must be a whole number from 2, got ${given}.`),
      given,
    );
});

test("a failed command writes its reason to standard error and exits with the code of the error", t => {
  const write = t.mock.method(process.stderr, "write", () => true);
  const { exitCode } = process;
  const codes = [new UsageError("It rains."), new UsageError("It rains.", 2), new Error("worn out")].map(
    error => {
      reportAndFail(error);
      return process.exitCode;
    },
  );
  process.exitCode = exitCode;
  assert.deepEqual(codes, [1, 2, 1]);
  assert.equal(write.mock.calls[0]?.arguments[0], "foretoken: It rains.\n");
});

test("a signal that ends a command aborts it with the exit code of the signal", () => {
  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const aborted = interrupted("Stopped.");
    assert.equal(aborted.aborted, false);
    process.emit(signal);
    assert.ok(aborted.reason instanceof UsageError);
    assert.deepEqual([aborted.reason.message, aborted.reason.exitCode], ["Stopped.", exitCode]);
  }
});
