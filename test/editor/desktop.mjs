/**
 * The host suite in a desktop VS Code: `node test/editor/desktop.mjs`, after a build.
 *
 * @vscode/test-electron downloads a VS Code, which needs a network beyond the npm registry; the variable
 * VSCODE_EXECUTABLE names an installed one instead. A display is needed too: on a Linux without one run it
 * under `xvfb-run -a`. The headless suite (`hostSuite.test.ts`) runs the same tests where neither exists.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";
import { outputFolder, root } from "./paths.mjs";

/** The version that the headless suite has inside code-server. */
const VERSION = "1.139.1";
const testsModule = join(outputFolder, "test", "editor", "host", "index.cjs");

/** The executable to test in; ends the process with an explanation where there is none. */
async function findVSCode() {
  const chosen = process.env.VSCODE_EXECUTABLE;
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    fail(`VSCODE_EXECUTABLE is ${chosen}, which does not exist.`);
  }
  try {
    return await downloadAndUnzipVSCode({ version: VERSION, extractSync: true });
  } catch (error) {
    return fail(
      `VS Code ${VERSION} cannot be downloaded here (${error.message}). Set VSCODE_EXECUTABLE to an installed ` +
        "VS Code, or run the same tests headless with: npm test",
    );
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Runs the suite with folders of its own, and returns whether all tests passed. */
async function runSuite(vscodeExecutablePath) {
  const scratch = mkdtempSync(join(tmpdir(), "foretoken-desktop-"));
  const workspace = join(scratch, "workspace");
  const resultFile = join(scratch, "result.json");
  cpSync(join(root, "test", "fixtures", "workspace"), workspace, { recursive: true });
  try {
    // The exit code alone would not report a suite that never ran; the result file decides.
    const options = [
      "--user-data-dir",
      join(scratch, "user"),
      "--extensions-dir",
      join(scratch, "extensions"),
    ];
    const quiet = [
      "--disable-workspace-trust",
      "--disable-telemetry",
      "--skip-welcome",
      "--skip-release-notes",
    ];
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath: testsModule,
      extensionTestsEnv: { FORETOKEN_RESULT_FILE: resultFile },
      launchArgs: [workspace, ...options, ...quiet, "--disable-gpu"],
    }).catch(error => console.error(error.message));
    if (existsSync(resultFile)) return report(JSON.parse(readFileSync(resultFile, "utf8")));
    console.error("The suite ended without a result.");
    return false;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report({ failures, tests }) {
  for (const { state, title, ms, error } of tests) {
    console.log(`${state}: ${title} (${ms} ms)`);
    if (error) console.error(error);
  }
  console.log(`${tests.length} tests, ${failures} failures`);
  return failures === 0 && tests.length > 0;
}

if (!existsSync(testsModule)) fail(`${testsModule} is missing. Build first: npm run build`);
process.exitCode = (await runSuite(await findVSCode())) ? 0 : 1;
