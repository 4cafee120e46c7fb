import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { type RetryOptions, Temporary, withRetries } from "../../../../datastores/download/retries.ts";
import { StoreError, storeError } from "../../../../datastores/index.ts";

const MINUTE = 60_000;

const failure = (waitMs?: number) =>
  new Temporary(storeError("network", "It failed.", "Try again later."), waitMs);

/** Without chance, so that a wait is the whole back-off. */
beforeEach(() => mock.method(Math, "random", () => 1));

/** Fails with these errors and then succeeds; the times that were waited, and how often it was tried. */
async function tried(errors: readonly Error[], options: RetryOptions, progress?: () => boolean) {
  const waits: number[] = [];
  let tries = 0;
  const attempt = async () => {
    const error = errors[tries++];
    if (error) throw error;
    return "done";
  };
  const onRetry = (_: string, waitMs: number) => waits.push(waitMs);
  const outcome = await withRetries(attempt, { onRetry, ...options }, progress).catch(
    (error: unknown) => error,
  );
  return { outcome, waits, tries };
}

/** The first wait, of which nothing is waited. */
async function firstWait(error: Error, options: RetryOptions = {}): Promise<number | undefined> {
  const stop = new AbortController();
  let wait: number | undefined;
  const onRetry = (_: string, waitMs: number) => {
    wait = waitMs;
    stop.abort();
  };
  const { outcome } = await tried([error], { ...options, signal: stop.signal, onRetry });
  assert.ok(outcome instanceof StoreError);
  return wait;
}

test("each wait is twice as long as the one before, and six tries are made", async () => {
  const { outcome, waits, tries } = await tried(
    Array.from({ length: 9 }, () => failure()),
    { backOffMs: 1 },
  );
  assert.ok(outcome instanceof StoreError && outcome.problem.message === "It failed.");
  assert.equal(tries, 6);
  assert.deepEqual(waits, [1, 2, 4, 8, 16]);
});

test("the first wait is a second and none is longer than a minute, of which chance takes up to a half", async () => {
  assert.equal(await firstWait(failure()), 1000);
  assert.equal(await firstWait(failure(), { backOffMs: 100 * MINUTE }), MINUTE);
  mock.method(Math, "random", () => 0);
  assert.equal(await firstWait(failure()), 500);
});

test("a server is asked again when it says, but never at once", async () => {
  assert.equal(await firstWait(failure(30_000)), 30_000);
  assert.equal(await firstWait(failure(0)), 1000);
  const { outcome, waits } = await tried([failure(0), failure(0), failure(0)], { backOffMs: 1 });
  assert.equal(outcome, "done");
  assert.deepEqual(waits, [1, 2, 4]);
});

test("a server that asks for more than five minutes is not waited for", async () => {
  assert.equal(await firstWait(failure(5 * MINUTE)), 5 * MINUTE);
  assert.equal((await tried([failure(5 * MINUTE + 1)], {})).tries, 1);
});

test("tries that bring something do not count as failures in a row", async () => {
  const progress = [false, true, false];
  const { outcome, waits, tries } = await tried(
    Array.from({ length: 9 }, () => failure()),
    { backOffMs: 1, attempts: 3 },
    () => progress.shift() ?? false,
  );
  assert.ok(outcome instanceof StoreError);
  assert.equal(tries, 4);
  assert.deepEqual(waits, [1, 1, 2]);
});

test("what is not temporary is thrown as it is, and not tried again", async () => {
  const fault = new RangeError("a fault");
  const { outcome, tries } = await tried([fault], {});
  assert.equal(outcome, fault);
  assert.equal(tries, 1);
});

test("a cancelled call is neither tried nor reported as a failure", async () => {
  const { outcome, tries } = await tried([], { signal: AbortSignal.abort() });
  assert.ok(outcome instanceof StoreError && outcome.problem.code === "cancelled");
  assert.equal(tries, 0);
  const stop = new AbortController();
  const failing = withRetries(
    async () => {
      stop.abort();
      throw new Error("aborted by the signal");
    },
    { signal: stop.signal },
  );
  await assert.rejects(failing, error => error instanceof StoreError && error.problem.code === "cancelled");
});
