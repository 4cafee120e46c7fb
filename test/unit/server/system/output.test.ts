import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { endWithOutput, reportRetry, workUnread } from "../../../../server/system/output.ts";

class Stream extends EventEmitter {
  text = "";

  write(text: string): void {
    this.text += text;
  }
}

function started() {
  const [stdout, stderr] = [new Stream(), new Stream()];
  const exits: (number | undefined)[] = [];
  endWithOutput({ stdout, stderr, exit: (code?: number) => void exits.push(code) });
  return { stdout, stderr, exits };
}

const failure = (code: string) => Object.assign(new Error(`${code}: why, write`), { code });

test("a closed reader ends the process without a message and with its present exit code", () => {
  for (const code of ["EPIPE", "EOF"]) {
    const { stdout, stderr, exits } = started();
    stdout.emit("error", failure(code));
    assert.deepEqual([exits, stderr.text], [[undefined], ""]);
  }
});

test("output that cannot be written is reported once", () => {
  const { stdout, stderr, exits } = started();
  stdout.emit("error", failure("ENOSPC"));
  stdout.emit("error", failure("ENOSPC"));
  assert.deepEqual(exits, [1]);
  assert.equal(stderr.text, "foretoken: the output cannot be written: ENOSPC: why, write\n");
});

test("a failure to write to standard error does not end the process", () => {
  const { stderr, exits } = started();
  stderr.emit("error", failure("ENOSPC"));
  assert.deepEqual(exits, []);
});

test("a closed reader does not end work whose output only shows progress", () => {
  const { stdout, stderr, exits } = started();
  workUnread();
  stdout.emit("error", failure("EPIPE"));
  stdout.emit("error", failure("EPIPE"));
  assert.deepEqual([exits, stderr.text], [[], ""]);
});

test("another try is reported with its reason and whole seconds, over the progress of a terminal", t => {
  const { isTTY } = process.stderr;
  t.after(() => {
    process.stderr.isTTY = isTTY;
  });
  const write = t.mock.method(process.stderr, "write", () => true);
  for (const isTerminal of [false, true]) {
    process.stderr.isTTY = isTerminal;
    reportRetry("The hub failed (500).", 1_200);
  }
  const line = "The hub failed (500). Trying again in 2 s.\n";
  assert.deepEqual(
    write.mock.calls.map(call => call.arguments[0]),
    [line, `\r\u001b[K${line}`],
  );
});
