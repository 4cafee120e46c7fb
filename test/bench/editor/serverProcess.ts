/** The server as a separate process, connected over stdio like any client. */
import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  InitializedNotification,
  InitializeRequest,
  LogMessageNotification,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import {
  type CompletionFigures,
  type InitializationOptions,
  SERVER_NODE_ARGUMENTS,
  StatusNotification,
} from "../../../server/protocol/index.ts";
import { orUsageError } from "../../../server/system/index.ts";
import { waitUntil } from "../../editor/page.ts";
import { root } from "../../editor/paths.mjs";

const TUNING_MS_MAX = 240_000;

export interface ServerProcess {
  readonly connection: ProtocolConnection;
  /** From starting the process to a loaded model. */
  readonly startMs: number;
  readonly pid: number | undefined;
  /** Waits until the server has tuned the model; on a busy machine the result may not be saved. */
  tuned(): Promise<void>;
  /** Figures of the last completion. */
  figures(): CompletionFigures | undefined;
  stop(): void;
}

export interface ServerProcessOptions {
  /** Program and arguments that start Node with the arguments after them. */
  readonly launcher?: readonly string[];
  /** Arguments for Node before the server's script. */
  readonly nodeArguments?: readonly string[];
  /** Environment variables over the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Paths of the workspace's folders. */
  readonly folders?: readonly string[];
  readonly initializationOptions?: InitializationOptions;
}

/** The built server's process, as the extension starts it, and a connection to it that does not listen yet. */
export function spawnServer({ env, launcher = [], nodeArguments = [] }: ServerProcessOptions = {}) {
  const script = join(root, "dist", "server.js");
  const command = [
    ...launcher,
    process.execPath,
    ...SERVER_NODE_ARGUMENTS,
    ...nodeArguments,
    script,
    "--stdio",
  ];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  return { child, connection };
}

/** Listens to a server and initializes it. */
export async function initialize(
  connection: ProtocolConnection,
  { folders = [], initializationOptions }: ServerProcessOptions,
): Promise<void> {
  connection.listen();
  await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: folders.map(path => ({ uri: pathToFileURL(path).href, name: basename(path) })),
    capabilities: {},
    initializationOptions,
  });
  await connection.sendNotification(InitializedNotification.type, {});
}

/** Starts the built server as the extension does; resolves when its model is loaded. Throws if that fails. */
export async function startServer(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const start = performance.now();
  const { child, connection } = spawnServer(options);
  let last: CompletionFigures | undefined;
  const ready = new Promise<object>((resolve, reject) => {
    connection.onNotification(StatusNotification, ({ state, last: figures, message = "", remedy = "" }) => {
      last = figures;
      if (state === "ready") resolve({});
      if (state === "error") resolve({ problem: { message, remedy } });
    });
    child.once("exit", code => reject(new Error(`The server ended with code ${code}, without a model.`)));
  });
  // A server that ends while it is initialized is waited for below.
  ready.catch(() => {});
  let isTuned = false;
  connection.onNotification(LogMessageNotification.type, ({ message }) => {
    isTuned ||= message.startsWith("Tuned:");
  });
  await initialize(connection, options);
  const stop = () => {
    connection.dispose();
    child.kill();
  };
  try {
    orUsageError(await ready);
  } catch (error) {
    stop();
    throw error;
  }
  const startMs = performance.now() - start;
  const tuned = async () => {
    await waitUntil("the tuning", () => isTuned, TUNING_MS_MAX);
  };
  return { connection, startMs, pid: child.pid, tuned, figures: () => last, stop };
}
