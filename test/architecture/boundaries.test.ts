import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test } from "node:test";
import { reachable, rooms, root } from "./rooms.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-boundaries-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const all = rooms();

/** Compiles a project of the scratch copy and returns what the compiler prints. */
function compile(folder: string): string {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  try {
    return execFileSync(process.execPath, [tsc, "-b", join(scratch, folder)], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test("an import of any folder that a folder must not see fails to compile", () => {
  for (const name of ["tsconfig.json", "package.json", "extension", "server", "datastores"])
    cpSync(join(root, name), join(scratch, name), { recursive: true });
  // The tests may import everything: they are left out.
  const config = readFileSync(join(root, "tsconfig.json"), "utf8");
  writeFileSync(join(scratch, "tsconfig.json"), config.replace(/,\s*\{ "path": "test" \}/, ""));
  symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"));
  assert.equal(compile(""), "", "the copy compiles as it is");
  let pairs = 0;
  for (const { folder } of all) {
    const allowed = reachable(folder, all);
    const forbidden = all.filter(other => other.folder !== folder && !allowed.has(other.folder));
    const file = join(scratch, folder, "forbidden.ts");
    writeFileSync(file, "");
    for (const [line, other] of forbidden.entries()) {
      const target = other.files.find(each => each.endsWith("/index.ts")) ?? (other.files[0] as string);
      const path = relative(join(scratch, folder), join(scratch, target)).split("\\").join("/");
      appendFileSync(
        file,
        `import * as forbidden${line} from "${path.startsWith(".") ? path : `./${path}`}";\n`,
      );
    }
    for (let line = 0; line < forbidden.length; line++)
      appendFileSync(file, `console.log(forbidden${line});\n`);
    const report = compile(folder);
    for (const [line, other] of forbidden.entries()) {
      pairs++;
      const refused = new RegExp(`forbidden\\.ts\\(${line + 1},\\d+\\): error TS`);
      assert.match(report, refused, `${folder} could import ${other.folder}`);
    }
    rmSync(file);
  }
  assert.ok(pairs > 100, `${pairs} pairs`);
});
