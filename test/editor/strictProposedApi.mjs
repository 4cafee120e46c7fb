/**
 * Restores VS Code's rule for proposed API in an installed code-server.
 *
 * Code-server lets every extension use every proposed API. Under that build an extension could pass all
 * tests and then fail for each user of a stable VS Code, where a proposed API throws. Two places of the
 * minified build decide it, and both are edited here:
 *
 * - the extension host asks a function of the shape `function f(extension,proposal){return!0}`;
 * - the workbench sets `_envEnablesProposedApiForAll` to true when it starts.
 *
 * The edit is idempotent. A build that has neither the original nor the edited text stops it with an
 * error: silently testing under the loose rule would be worse than not testing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Left in the edited text, so that a second run recognises it. */
const MARK = "/*strict proposed API*/";

const EDITS = [
  {
    file: join("vs", "workbench", "api", "node", "extensionHostProcess.js"),
    // isProposedApiEnabled(extension, proposal): the names are minified and change from build to build.
    pattern: /function ([\w$]+)\(([\w$]+),([\w$]+)\)\{return!0\}/g,
    replacement: (_match, name, extension, proposal) =>
      `function ${name}(${extension},${proposal}){${MARK}return!!${extension}.enabledApiProposals&&${extension}.enabledApiProposals.includes(${proposal})}`,
  },
  {
    file: join("vs", "code", "browser", "workbench", "workbench.js"),
    pattern: /this\._envEnablesProposedApiForAll=!0/g,
    replacement: () => `this._envEnablesProposedApiForAll=${MARK}!1`,
  },
];

/**
 * Edits the VS Code in `vscodeFolder` (the folder that holds `out/`).
 * @returns the number of files changed now; 0 when all were done before
 */
export function applyStrictProposedApi(vscodeFolder) {
  let changed = 0;
  for (const { file, pattern, replacement } of EDITS) {
    const path = join(vscodeFolder, "out", file);
    const source = readFileSync(path, "utf8");
    if (source.includes(MARK)) continue;
    const found = [...source.matchAll(pattern)].length;
    if (found !== 1) {
      throw new Error(
        `${path} is not a build this script knows: ${found} places match ${pattern}, expected 1. ` +
          "The version of code-server changed; find where it enables proposed API for all and adapt strictProposedApi.mjs.",
      );
    }
    writeFileSync(path, source.replace(pattern, replacement));
    changed++;
  }
  return changed;
}
