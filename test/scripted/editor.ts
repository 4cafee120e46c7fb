/** The built server as an editor starts it, asked over LSP alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createProtocolConnection,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExecuteCommandRequest,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  InlineCompletionRequest,
  InlineCompletionTriggerKind,
  type ProtocolConnection,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { packageRoot } from "../../server/system/paths.ts";
import { type Applied, applied, type Case, type Marked, positionAt } from "./case.ts";

const TRIGGER = {
  invoked: InlineCompletionTriggerKind.Invoked,
  automatic: InlineCompletionTriggerKind.Automatic,
} as const;
/** What a test may wait for the server to end, in milliseconds. */
const LEAVE_MS = 2000;

/** One server and the documents that are open in it. */
export class Editor {
  private documents = 0;

  private constructor(
    private readonly process: ChildProcess,
    private readonly connection: ProtocolConnection,
  ) {}

  /** @param folder an empty one, for what the server keeps */
  static async start(folder: string): Promise<Editor> {
    const directories = ["CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "STATE_HOME"];
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: folder };
    for (const name of directories) {
      const path = join(folder, name.toLowerCase());
      mkdirSync(path);
      env[`XDG_${name}`] = path;
    }
    const command = [join(packageRoot(), "dist", "cli.js"), "serve", "--stdio"];
    const child = spawn(process.execPath, command, { stdio: ["pipe", "pipe", "ignore"], env });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.listen();
    child.once("exit", (code, signal) => {
      if (code !== 0) console.error(`the server has ended: ${signal ?? code}`);
      // What it was asked for is answered no more.
      connection.dispose();
    });
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: null,
      capabilities: {},
      initializationOptions: { settings: settingsOf("") },
    });
    await connection.sendNotification(InitializedNotification.type, {});
    return new Editor(child, connection);
  }

  async loadModel(modelPath: string): Promise<void> {
    const settings = { foretoken: settingsOf(modelPath) };
    await this.connection.sendNotification(DidChangeConfigurationNotification.type, { settings });
  }

  /** Has the server load what it needs for languages. */
  async prepare(languages: Iterable<string>): Promise<void> {
    for (const language of languages) await (await this.open(language, { text: "", offset: 0 })).close();
  }

  async open(language: string, at: Marked): Promise<OpenDocument> {
    const uri = `file:///scripted/${++this.documents}`;
    const textDocument = { uri, languageId: language, version: 1, text: at.text };
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    return new OpenDocument(this.connection, uri, at);
  }

  async stop(): Promise<void> {
    const gone = once(this.process, "exit");
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    await Promise.race([gone, sleep(LEAVE_MS)]);
    this.process.kill("SIGKILL");
  }
}

const settingsOf = (modelPath: string) => ({
  modelPath,
  backend: "cpu",
  threads: 1,
  drafts: true,
  firstDatastore: false,
});

/** A document that is edited at its cursor. */
export class OpenDocument {
  private version = 1;

  constructor(
    private readonly connection: ProtocolConnection,
    private readonly uri: string,
    public at: Marked,
  ) {}

  /** What would stand in the document if what is offered at the cursor were accepted. */
  async complete({
    trigger = "automatic",
    selected,
  }: Pick<Case, "trigger" | "selected">): Promise<Applied | undefined> {
    const position = positionAt(this.at.text, this.at.offset);
    const start = { ...position, character: position.character - (selected?.replace.length ?? 0) };
    const info = selected && { text: selected.text, range: { start, end: position } };
    const answer = await this.connection.sendRequest(InlineCompletionRequest.type, {
      textDocument: { uri: this.uri },
      position,
      context: { triggerKind: TRIGGER[trigger], ...(info && { selectedCompletionInfo: info }) },
    });
    return applied((Array.isArray(answer) ? answer : answer?.items)?.[0], this.at);
  }

  async accept({ start, end, insert, item }: Applied): Promise<void> {
    await this.replace(start, end, insert);
    const { command } = item;
    if (command)
      await this.connection.sendRequest(ExecuteCommandRequest.type, {
        command: command.command,
        ...(command.arguments && { arguments: command.arguments }),
      });
  }

  /** Types at the cursor. */
  type(text: string): Promise<void> {
    return this.replace(this.at.offset, this.at.offset, text);
  }

  /** Deletes characters before the cursor. */
  back(count: number): Promise<void> {
    return this.replace(this.at.offset - count, this.at.offset, "");
  }

  async close(): Promise<void> {
    const textDocument = { uri: this.uri };
    await this.connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument });
  }

  private async replace(start: number, end: number, text: string): Promise<void> {
    const whole = this.at.text;
    const range = { start: positionAt(whole, start), end: positionAt(whole, end) };
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: this.uri, version: ++this.version },
      contentChanges: [{ range, text }],
    });
    this.at = { text: whole.slice(0, start) + text + whole.slice(end), offset: start + text.length };
  }
}
