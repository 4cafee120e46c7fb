/**
 * Runs `host/` inside the extension host of a real VS Code, and reports each of its tests as a test here.
 *
 * With FORETOKEN_VSIX the packed extension is installed and tested; otherwise the checkout, loaded for
 * development.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { HostSuiteResult, HostTestResult } from "./host/index.ts";
import { outputFolder, root } from "./paths.mjs";
import { openWorkbench, sampleWorkspace, startCodeServer, vsixUnderTest } from "./workbench.ts";

const SUITE_MS_MAX = 240_000;
const testsModule = join(outputFolder, "test", "editor", "host", "index.cjs");

test("the extension passes its tests in its host", { timeout: SUITE_MS_MAX + 60_000 }, async context => {
  assert.ok(existsSync(testsModule), `${testsModule} is missing. Run: node esbuild.mjs`);
  for (const outcome of await runHostSuite()) {
    await context.test(outcome.title, { skip: outcome.state === "pending" }, () => {
      if (outcome.state === "failed") throw new Error(outcome.error);
    });
  }
});

async function runHostSuite(): Promise<readonly HostTestResult[]> {
  const scratch = mkdtempSync(join(tmpdir(), "foretoken-host-suite-"));
  const resultFile = join(scratch, "result.json");
  try {
    const code = await runInVSCode(resultFile, vsixUnderTest ? emptyExtension(scratch) : root);
    assert.ok(existsSync(resultFile), `The suite ended with ${code} and without a result.`);
    const { failures, tests }: HostSuiteResult = JSON.parse(readFileSync(resultFile, "utf8"));
    assert.ok(tests.length > 0, "No test ran in the extension host.");
    assert.equal(code === 0, failures === 0, `Exit code ${code} does not go with ${failures} failures.`);
    return tests;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Opens a window that runs the suite; resolves with the suite's exit code. */
async function runInVSCode(resultFile: string, developmentFolder: string): Promise<number> {
  const server = await startCodeServer({
    workspace: sampleWorkspace,
    env: { FORETOKEN_RESULT_FILE: resultFile },
    vsix: vsixUnderTest,
    runsTests: true,
  });
  try {
    const workbench = await openWorkbench(server, { developmentFolder, testsModule });
    try {
      return await inTime(workbench.testsExit);
    } catch (error) {
      await workbench.explainFailure("host-suite-failed");
      throw error;
    } finally {
      await workbench.dispose();
    }
  } finally {
    await server.dispose();
  }
}

function inTime(exit: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `The suite did not end within ${SUITE_MS_MAX / 1000} s; see out/screenshots/host-suite-failed.log`;
    timer = setTimeout(() => reject(new Error(message)), SUITE_MS_MAX);
  });
  return Promise.race([exit, late]).finally(() => clearTimeout(timer));
}

/**
 * A window only runs tests if it also loads an extension for development. If the tested extension is an
 * installed one, that other extension does nothing.
 */
function emptyExtension(scratch: string): string {
  const folder = join(scratch, "extension");
  mkdirSync(folder);
  const manifest = {
    name: "host-suite",
    publisher: "foretoken-test",
    version: "0.0.0",
    engines: { vscode: "^1.91.0" },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  return folder;
}
