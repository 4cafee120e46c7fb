/**
 * The default model in nine languages, in the page of a real VS Code: at each place some text is suggested. The
 * text depends on the model; the screenshots in out/screenshots are for visual inspection.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { acceptedText, finishedGhostText, openAt, runCommand, waitForStatus } from "./page.ts";
import { root } from "./paths.mjs";
import {
  type CodeServer,
  openWorkbench,
  screenshot,
  startCodeServer,
  vsixUnderTest,
  type Workbench,
} from "./workbench.ts";

const folder = join(root, "test", "fixtures", "languages");
/** File and position of the statement to complete, counted from 1. */
const PLACES: readonly [file: string, line: number, column: number][] = [
  ["config.py", 7, 9],
  ["adults.ts", 8, 23],
  ["total.js", 4, 9],
  ["sum.go", 8, 9],
  ["point.rs", 9, 18],
  ["largest.cpp", 6, 23],
  ["stack.rb", 7, 11],
  ["average.php", 7, 22],
  ["Counter.java", 5, 9],
];

describe("the default model in other languages", {
  timeout: 300_000,
  skip: vsixUnderTest && "the model is the same",
}, () => {
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    server = await startCodeServer({ workspace: folder });
    workbench = await openWorkbench(server, { developmentFolder: root, file: PLACES[0]?.[0] as string });
    await waitForStatus(workbench.page, "zap");
  });

  after(async () => {
    await workbench?.dispose();
    await server?.dispose();
  });

  for (const [file, line, column] of PLACES)
    test(`${file}: text is suggested where a line is missing`, async () => {
      const { page } = workbench;
      await openAt(page, file, line, column);
      await runCommand(page, "Foretoken: Trigger Completion");
      const ghost = await finishedGhostText(page);
      await screenshot(page, `language-${file.split(".").at(-1)}`);
      assert.ok(acceptedText(ghost).trim() !== "", JSON.stringify(ghost));
    });
});
