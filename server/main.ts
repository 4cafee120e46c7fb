/** The language server's process: speaks LSP over stdio (`--stdio`) or the parent's IPC channel (`--node-ipc`). */
import { constants } from "node:os";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { recorder } from "./completion/index.ts";
import { messageGate, watchFraming } from "./lsp/index.ts";
import { modelLoader } from "./model/index.ts";
import { startServer } from "./server.ts";
import { printable } from "./system/index.ts";

// So that exit handlers run: a load that a signal interrupts must not count as one that ended the server.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

const warn = (problem: string) => process.stderr.write(`foretoken: ${printable(problem)}\n`);

// A server that no longer understands its client ends, so that the client starts another one.
if (process.argv.includes("--stdio"))
  watchFraming(process.stdin, {
    warn,
    end(problem) {
      warn(`${problem} Nothing after it can be read, so the server ends.`);
      process.exit(1);
    },
  });

startServer(createConnection(ProposedFeatures.all, messageGate()), {
  modelLoader,
  record: recorder(process.env.FORETOKEN_RECORD),
});
