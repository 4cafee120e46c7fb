/** The language server's process: speaks LSP over stdio (`--stdio`) or the parent's IPC channel (`--node-ipc`). */
import { constants } from "node:os";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { recorder } from "./completion/index.ts";
import { messageGate } from "./lsp/index.ts";
import { modelLoader } from "./model/index.ts";
import { startServer } from "./server.ts";

// So that exit handlers run: a load that a signal interrupts must not count as one that ended the server.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

startServer(createConnection(ProposedFeatures.all, messageGate()), {
  modelLoader,
  record: recorder(process.env.FORETOKEN_RECORD),
});
