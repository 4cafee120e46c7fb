/**
 * Refuses requests that LSP does not allow at their time (before `initialize`, after `shutdown`), and those whose
 * parameters are malformed, before any handler sees them. Notifications outside of that time are dropped.
 */
import {
  type Connection,
  ErrorCodes,
  ExecuteCommandRequest,
  InitializeRequest,
  InlineCompletionRequest,
  type Message,
  type MessageStrategy,
  type RequestMessage,
  ResponseError,
  ShutdownRequest,
} from "vscode-languageserver";
import { FetchModelRequest, RebuildDatastoreRequest } from "../protocol/index.ts";
import { isRecord } from "../system/index.ts";

/** Stands in for the method of a refused request; its handler throws the error. */
const REFUSED = "foretoken/refused";

interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** To be passed to `createConnection`; one for each connection. */
export function messageGate(): { readonly messageStrategy: MessageStrategy } {
  let phase: "new" | "initialized" | "shutDown" = "new";
  const outOfTurn = ({ method }: RequestMessage): Refusal | undefined => {
    if (phase === "shutDown")
      return { code: ErrorCodes.InvalidRequest, message: "The server has been shut down." };
    const isFirst = method === InitializeRequest.method;
    if (phase === "new" && !isFirst)
      return {
        code: ErrorCodes.ServerNotInitialized,
        message: `The server has to be initialized before ${method}.`,
      };
    return phase === "initialized" && isFirst
      ? { code: ErrorCodes.InvalidRequest, message: "The server was initialized before." }
      : undefined;
  };
  return {
    messageStrategy: {
      handleMessage(message, next) {
        if (isRequest(message)) {
          const refusal = outOfTurn(message) ?? malformed(message);
          if (refusal) return next({ ...message, method: REFUSED, params: refusal } as Message);
          if (message.method === InitializeRequest.method) phase = "initialized";
          if (message.method === ShutdownRequest.method) phase = "shutDown";
        } else if (phase !== "initialized" && "method" in message && message.method !== "exit")
          return undefined;
        return next(message);
      },
    },
  };
}

/** Answers the requests that the gate has refused. */
export function answerRefused(connection: Connection): void {
  connection.onRequest(REFUSED, ({ code, message }: Refusal) => {
    throw new ResponseError(code, message);
  });
}

const isRequest = (message: Message): message is RequestMessage => "method" in message && "id" in message;

type Fields = Readonly<Record<string, unknown>>;
/** What a parameter has to be, or undefined where it is that. */
type Check = (fields: Fields) => string | undefined;

const isString = (value: unknown) => typeof value === "string";
const isUnsigned = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isPosition = (value: unknown) =>
  isRecord(value) && isUnsigned(value.line) && isUnsigned(value.character);
const isRange = (value: unknown) => isRecord(value) && isPosition(value.start) && isPosition(value.end);

const inlineCompletion: Check = ({ textDocument, position, context }) => {
  if (!isRecord(textDocument) || !isString(textDocument.uri)) return "textDocument.uri has to be a string";
  const { version = null } = textDocument;
  if (version !== null && !Number.isSafeInteger(version)) return "textDocument.version has to be an integer";
  if (!isPosition(position)) return "position has to have a line and a character, whole numbers from 0";
  if (!isRecord(context)) return "context has to have a triggerKind";
  const { selectedCompletionInfo: selected = null } = context;
  const isSelected = isRecord(selected) && isRange(selected.range) && isString(selected.text);
  if (selected !== null && !isSelected)
    return "context.selectedCompletionInfo has to have a range and a text";
  return undefined;
};

/** The checks of requests whose parameters are needed, by method. */
const CHECKS = new Map<string, Check>([
  [
    InitializeRequest.method,
    ({ capabilities }) => (isRecord(capabilities) ? undefined : "capabilities has to be an object"),
  ],
  [InlineCompletionRequest.method, inlineCompletion],
  [
    ExecuteCommandRequest.method,
    ({ command }) => (isString(command) ? undefined : "command has to be a string"),
  ],
  [
    RebuildDatastoreRequest.method,
    ({ source, name }) =>
      isString(source) && isString(name) ? undefined : "source and name have to be strings",
  ],
  [
    FetchModelRequest.method,
    ({ reference }) => (isString(reference) ? undefined : "reference has to be a string"),
  ],
]);

function malformed({ method, params }: RequestMessage): Refusal | undefined {
  const check = CHECKS.get(method);
  if (!check) return undefined;
  const problem = isRecord(params) ? check(params) : "the parameters have to be an object";
  return problem === undefined
    ? undefined
    : { code: ErrorCodes.InvalidParams, message: `${method}: ${problem}.` };
}
