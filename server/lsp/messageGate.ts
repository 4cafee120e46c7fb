/**
 * Refuses messages whose parameters are malformed, and requests that LSP does not allow at their time (before `initialize`,
 * after `shutdown`), before any handler sees them. Notifications outside of that time are dropped, and so is a second
 * `initialized`, which would start everything again.
 */
import {
  type Connection,
  ErrorCodes,
  InitializedNotification,
  InitializeRequest,
  type Message,
  type MessageStrategy,
  type NotificationMessage,
  type RequestMessage,
  ResponseError,
  ShutdownRequest,
} from "vscode-languageserver";
import { isRecord } from "../system/index.ts";
import { CHANGES_OF_TEXT, PARAMETERS } from "./parameters.ts";

/** Stands in for the method of a refused message; its handlers answer or report it. */
const REFUSED = "foretoken/refused";

/** Why a request is refused. */
interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** Why a notification is refused. */
interface Report {
  readonly message: string;
  /** The document or notebook that it would have changed, if any. */
  readonly changed: string | undefined;
}

/** To be passed to `createConnection`; one for each connection. */
export function messageGate(): { readonly messageStrategy: MessageStrategy } {
  let phase: "new" | "initialized" | "started" | "shutDown" = "new";
  const outOfTurn = ({ method }: RequestMessage): Refusal | undefined => {
    if (phase === "shutDown")
      return { code: ErrorCodes.InvalidRequest, message: "The server has been shut down." };
    const isFirst = method === InitializeRequest.method;
    if (phase === "new" && !isFirst)
      return {
        code: ErrorCodes.ServerNotInitialized,
        message: `The server has to be initialized before ${method}.`,
      };
    return phase !== "new" && isFirst
      ? { code: ErrorCodes.InvalidRequest, message: "The server has already been initialized." }
      : undefined;
  };
  return {
    messageStrategy: {
      handleMessage(message, next) {
        if (!isRecord(message)) {
          const report: Report = { message: "it is not a JSON-RPC message.", changed: undefined };
          const refused = { jsonrpc: "2.0", method: REFUSED, params: report };
          return phase === "started" ? next(refused as Message) : undefined;
        }
        if (isRequest(message)) {
          const refusal = outOfTurn(message) ?? malformedRequest(message);
          if (refusal) return next({ ...message, method: REFUSED, params: refusal } as Message);
          if (message.method === InitializeRequest.method) phase = "initialized";
          if (message.method === ShutdownRequest.method) phase = "shutDown";
        } else if (isNotification(message)) {
          if ((phase === "new" || phase === "shutDown") && message.method !== "exit") return undefined;
          if (message.method === InitializedNotification.method) {
            if (phase === "started") return undefined;
            phase = "started";
          }
          const report = malformedNotification(message);
          if (report) return next({ ...message, method: REFUSED, params: report } as Message);
        }
        return next(message);
      },
    },
  };
}

/**
 * Answers the requests that the gate has refused, and reports the notifications.
 * @param missed called with each document or notebook whose change was refused
 */
export function answerRefused(connection: Connection, missed: (uri: string) => void): void {
  connection.onRequest(REFUSED, ({ code, message }: Refusal) => {
    throw new ResponseError(code, message);
  });
  connection.onNotification(REFUSED, ({ message, changed }: Report) => {
    const effect =
      changed === undefined ? "" : ` ${changed} has no completions until its whole text is sent.`;
    connection.console.warn(`A message of the client was refused: ${message}${effect}`);
    if (changed !== undefined) missed(changed);
  });
}

const isRequest = (message: Message): message is RequestMessage => "method" in message && "id" in message;
const isNotification = (message: Message): message is NotificationMessage =>
  "method" in message && !("id" in message);

function malformedRequest(message: RequestMessage): Refusal | undefined {
  const problem = problemOf(message);
  return problem === undefined ? undefined : { code: ErrorCodes.InvalidParams, message: problem };
}

function malformedNotification(message: NotificationMessage): Report | undefined {
  const problem = problemOf(message);
  if (problem === undefined) return undefined;
  return { message: problem, changed: CHANGES_OF_TEXT.has(message.method) ? uriIn(message) : undefined };
}

function problemOf({ method, params }: RequestMessage | NotificationMessage): string | undefined {
  const problem = PARAMETERS.get(method)?.(params, "params");
  return problem === undefined ? undefined : `${method}: ${problem}.`;
}

/** The document or notebook that a message is about, as far as it can be read. */
function uriIn({ params }: NotificationMessage): string | undefined {
  if (!isRecord(params)) return undefined;
  const about = [params.textDocument, params.notebookDocument].find(isRecord);
  return typeof about?.uri === "string" ? about.uri : undefined;
}
