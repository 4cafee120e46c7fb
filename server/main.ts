/** The language server's process: speaks LSP over stdio (`--stdio`) or the parent's IPC channel (`--node-ipc`). */
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { recorder } from "./completion/index.ts";
import { modelLoader } from "./model/index.ts";
import { startServer } from "./server.ts";

startServer(createConnection(ProposedFeatures.all), {
  modelLoader,
  record: recorder(process.env.FORETOKEN_RECORD),
});
