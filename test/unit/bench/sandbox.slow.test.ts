import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted, infilling } from "../../bench/infilling.ts";
import { openSandbox } from "../../bench/sandbox.ts";
import { LINE } from "./problems.ts";

test("a program passes when it has reached its end without an error", async () => {
  const sandbox = openSandbox();
  const { snapshot, truth, test: check } = infilling(LINE);
  const document = accepted(snapshot, truth);
  assert.ok(await sandbox.passes(`${document}\n${check}`));
  assert.ok(!(await sandbox.passes(`${document.replace("+ 1", "+ 2")}\n${check}`)));
  assert.ok(!(await sandbox.passes("raise SystemExit(0)")), "left early");
  assert.ok(!(await sandbox.passes("def f(:")));
});

test("a program sees none of our environment and cannot use much memory or write large files", async () => {
  const sandbox = openSandbox();
  process.env.FORETOKEN_TEST_SECRET = "x";
  const programs = ["import os\nos.environ['FORETOKEN_TEST_SECRET']"];
  if (process.platform === "linux") {
    programs.push("a = bytearray(3 << 30)", "open('large', 'wb').write(bytes(1 << 22))");
    if (sandbox.withoutNetwork) programs.push("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)");
  }
  for (const program of programs) assert.ok(!(await sandbox.passes(program)), program);
  delete process.env.FORETOKEN_TEST_SECRET;
});
