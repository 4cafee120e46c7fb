/**
 * Checks the bytes that a client sends. The connection passes nothing on of what the reader of its messages cannot read, and
 * the reader may wait for the rest of a message that never comes. (A reader of one's own would have events for some of this,
 * but with one the connection no longer ends with its input.)
 */
import { constants, isUtf8 } from "node:buffer";
import { messageOf } from "../system/index.ts";

/** Longer headers are none: a client sends about 20 bytes. */
const MOST_HEADER_BYTES = 8192;
/** Of a line that is no header. */
const SHOWN_CHARACTERS = 80;
const HEADER_END = "\r\n\r\n";
/** Time without a byte within a message before it is reported; a busy client may pause. */
const PATIENCE_MS = 10_000;

/** Follows the headers and bodies of a stream. */
export class Framing {
  private header: Buffer = Buffer.alloc(0);
  private body: Buffer[] = [];
  private missing = 0;

  /** @param report called with the problem of a single message, as a sentence */
  constructor(private readonly report: (problem: string) => void) {}

  /** Bytes that the current message still lacks. */
  get missingBytes(): number {
    return this.missing;
  }

  /** Returns why no message can be found in what follows, as a sentence; undefined while all is well. */
  push(chunk: Buffer): string | undefined {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.missing > 0) {
        rest = this.addToBody(rest);
        continue;
      }
      const begun = this.header.length === 0 ? rest : Buffer.concat([this.header, rest]);
      const end = begun.subarray(0, MOST_HEADER_BYTES).indexOf(HEADER_END);
      if (end < 0) {
        this.header = begun;
        return begun.length < MOST_HEADER_BYTES ? undefined : "A message's header does not end.";
      }
      const length = lengthIn(begun.toString("latin1", 0, end));
      if (typeof length === "string") return length;
      if (length === 0) this.report("A message is empty.");
      this.missing = length;
      this.header = Buffer.alloc(0);
      rest = begun.subarray(end + HEADER_END.length);
    }
    return undefined;
  }

  /** @returns what follows the body */
  private addToBody(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.missing);
    this.body.push(part);
    this.missing -= part.length;
    if (this.missing === 0) {
      this.checkBody(Buffer.concat(this.body));
      this.body = [];
    }
    return bytes.subarray(part.length);
  }

  private checkBody(body: Buffer): void {
    if (!isUtf8(body)) this.report("A message is not in UTF-8.");
    try {
      JSON.parse(body.toString());
    } catch (error) {
      this.report(`A message is not JSON: ${messageOf(error)}.`);
    }
  }
}

/** The length in a header, or its problem. */
function lengthIn(header: string): number | string {
  let given: string | undefined;
  for (const line of header.split("\r\n")) {
    const [, name = "", value = ""] = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === "")
      return `A message's header has the line ${JSON.stringify(line.slice(0, SHOWN_CHARACTERS))}.`;
    if (name.toLowerCase() === "content-length") given = value;
    const charset = name.toLowerCase() === "content-type" && /charset="?([^;"]*)/i.exec(value)?.[1];
    if (charset && !/^(?:utf-?8|us-ascii)$/i.test(charset.trim()))
      return `A message is in ${charset}; LSP allows UTF-8 only.`;
  }
  if (given === undefined) return "A message's header has no Content-Length.";
  const length = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  return length <= constants.MAX_STRING_LENGTH ? length : `A message has the Content-Length ${given}.`;
}

interface Watching {
  /** Called with what the client's author should know, as sentences. */
  warn(problem: string): unknown;
  /** Called once with the reason why nothing that follows can be read. */
  end(problem: string): void;
}

/** Watches a client's stream, which others read. */
export function watchFraming(input: NodeJS.ReadableStream, { warn, end }: Watching): void {
  const framing = new Framing(problem => warn(`${problem} It was left out.`));
  let waiting: NodeJS.Timeout | undefined;
  const onData = (chunk: Buffer) => {
    clearTimeout(waiting);
    const problem = framing.push(chunk);
    if (problem !== undefined) {
      input.off("data", onData);
      end(problem);
    } else if (framing.missingBytes > 0)
      waiting = setTimeout(
        () => warn(`A message lacks ${framing.missingBytes} bytes: the server waits for them.`),
        PATIENCE_MS,
      ).unref();
  };
  input.on("data", onData);
}
