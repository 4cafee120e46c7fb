/**
 * Entry of the suite inside the extension host, for VS Code's `extensionTestsPath`. The headless VS Code
 * (`hostSuite.test.ts`) and a desktop one (`desktop.mjs`) use the same bundle.
 *
 * VS Code calls `run`; if its promise is rejected, the run's exit code is 1. An exit code alone cannot
 * distinguish a passed suite from one that never started, so the outcome of each test is also written as JSON
 * to the file named by FORETOKEN_RESULT_FILE, and the runners require that file.
 */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

export interface HostTestResult {
  readonly title: string;
  readonly state: "passed" | "failed" | "pending";
  readonly ms: number;
  readonly error?: string;
}

export interface HostSuiteResult {
  readonly failures: number;
  readonly tests: readonly HostTestResult[];
}

/** A suggestion may have to wait for a starting server and a loading model. */
const TEST_MS_MAX = 40_000;

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "tdd", timeout: TEST_MS_MAX, color: false });
  // Puts `suite` and `test` into the global scope, as loading a test file would. The tests are in this
  // bundle and not in a file of their own, so they are imported only after that.
  mocha.suite.emit("pre-require", globalThis, "foretoken.test.ts", mocha);
  await import("./foretoken.test.ts");

  const result = await runMocha(mocha);
  const file = process.env.FORETOKEN_RESULT_FILE;
  if (file) writeFileSync(file, JSON.stringify(result, null, 2));
  if (result.tests.length === 0) throw new Error("No tests ran.");
  if (result.failures > 0) throw new Error(`${result.failures} of ${result.tests.length} tests failed.`);
}

function runMocha(mocha: Mocha): Promise<HostSuiteResult> {
  const tests: HostTestResult[] = [];
  return new Promise((resolve, reject) => {
    try {
      mocha
        .run(failures => resolve({ failures, tests }))
        .on("pass", test => tests.push({ title: test.title, state: "passed", ms: test.duration ?? 0 }))
        .on("pending", test => tests.push({ title: test.title, state: "pending", ms: 0 }))
        .on("fail", (test, error) => {
          tests.push({ title: test.title, state: "failed", ms: test.duration ?? 0, error: describe(error) });
        });
    } catch (error) {
      reject(error);
    }
  });
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
