/** The language server's process: speaks LSP over stdio (`--stdio`) or the parent's IPC channel (`--node-ipc`). */
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { realParts } from "./parts.ts";
import { startServer } from "./server.ts";

startServer(createConnection(ProposedFeatures.all), realParts);
