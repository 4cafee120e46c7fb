/**
 * A hub on the loopback address with one data set or model, and on another port the host that its files are redirected to.
 * It answers like the real one as far as a client can tell; switches make it misbehave.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { close, listen, urlOf } from "./loopback.ts";

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** All off at first; a test sets what it needs, also between two requests. */
export interface Switches {
  /** Next answers of the hub before it behaves normally; for listings and files alike. */
  answers: FakeAnswer[];
  /** The token without which the hub answers 401. */
  token?: string;
  /** For each next response of the file host, the number of bytes after which it breaks off. */
  dropAfter: number[];
  /** For each next response of the file host, the number of bytes after which it sends nothing more, but stays open. */
  stallAfter: number[];
  /** Added to the length the file host states. */
  lengthLie: number;
  /** Number of bytes that the file host sends beyond the file's content, and includes in the stated length. */
  surplus: number;
  ignoreRange: boolean;
  /** Answers 206 with another range than the requested one. */
  wrongRange: boolean;
  /** Number of next responses of the file host with a flipped byte. */
  damaged: number;
  /** Version of the files; a change makes `If-Range` fail. */
  etag: string;
}

export interface FakeRequest {
  readonly host: "hub" | "files";
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

function refuse(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): ServerResponse {
  return response.writeHead(status, headers).end("no");
}

export class FakeHub {
  readonly requests: FakeRequest[] = [];
  /** Bytes of bodies that the file host has sent. */
  servedBytes = 0;
  readonly switches: Switches = {
    answers: [],
    dropAfter: [],
    stallAfter: [],
    lengthLie: 0,
    surplus: 0,
    ignoreRange: false,
    wrongRange: false,
    damaged: 0,
    etag: '"v1"',
  };
  private readonly hub: Server;
  private readonly host: Server;

  private constructor(
    private readonly repository: string,
    private readonly files: ReadonlyMap<string, Buffer>,
    private readonly pageSize: number,
    private readonly type: "dataset" | "model",
  ) {
    this.hub = createServer((request, response) => this.answerHub(request, response));
    this.host = createServer((request, response) => this.answerFile(request, response));
  }

  static async start(
    repository: string,
    files: Record<string, Buffer>,
    pageSize = 2,
    type: "dataset" | "model" = "dataset",
  ): Promise<FakeHub> {
    const fake = new FakeHub(repository, new Map(Object.entries(files)), pageSize, type);
    for (const server of [fake.hub, fake.host]) await listen(server);
    return fake;
  }

  get url(): string {
    return urlOf(this.hub);
  }

  private get hostUrl(): string {
    return urlOf(this.host);
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.host]) {
      await close(server);
    }
  }

  private note(host: FakeRequest["host"], { url = "", headers }: IncomingMessage): void {
    this.requests.push({ host, path: url, range: headers.range, authorization: headers.authorization });
  }

  private answerHub(request: IncomingMessage, response: ServerResponse) {
    this.note("hub", request);
    const { answers, token } = this.switches;
    const answer = answers.shift();
    if (answer) return void response.writeHead(answer.status, answer.headers).end("no");
    if (token && request.headers.authorization !== `Bearer ${token}`)
      return void response.writeHead(401).end();
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    const api = `/api/${this.type}s/${this.repository}`;
    if (pathname.startsWith(`${api}/revision/`)) {
      if (!pathname.endsWith("/main")) return refuse(response, 404);
      return response.setHeader("content-type", "application/json").end(JSON.stringify({ sha: COMMIT }));
    }
    if (pathname.startsWith(`${api}/tree/${COMMIT}`)) {
      const below = pathname.slice(`${api}/tree/${COMMIT}/`.length);
      return this.list(decodeURIComponent(below), Number(searchParams.get("cursor") ?? 0), response);
    }
    const folder = this.type === "dataset" ? "/datasets" : "";
    const resolve = `${folder}/${this.repository}/resolve/${COMMIT}/`;
    const file = pathname.startsWith(resolve) ? decodeURIComponent(pathname.slice(resolve.length)) : "";
    if (!this.files.has(file)) return refuse(response, 404);
    return response
      .writeHead(302, { location: `${this.hostUrl}/blob?of=${encodeURIComponent(file)}` })
      .end("moved");
  }

  private list(folder: string, from: number, response: ServerResponse): void {
    const entries = [...this.files].filter(([path]) => folder === "" || path.startsWith(`${folder}/`));
    if (entries.length === 0) {
      refuse(response, 404);
      return;
    }
    const page = entries.slice(from, from + this.pageSize).map(([path, content]) => {
      const oid = createHash("sha256").update(content).digest("hex");
      const lfs = { oid, size: content.length, pointerSize: 130 };
      const isSmall = path.endsWith(".json");
      return { type: "file", path, size: content.length, oid: "0".repeat(40), ...(isSmall ? {} : { lfs }) };
    });
    const rest = `/api/${this.type}s/${this.repository}/tree/${COMMIT}/${folder}?recursive=true&cursor=${from + this.pageSize}`;
    if (from + this.pageSize < entries.length) response.setHeader("link", `<${this.url}${rest}>; rel="next"`);
    response.setHeader("content-type", "application/json").end(JSON.stringify(page));
  }

  private answerFile(request: IncomingMessage, response: ServerResponse) {
    this.note("files", request);
    const { switches } = this;
    const content = this.files.get(new URL(request.url ?? "", this.hostUrl).searchParams.get("of") ?? "");
    if (!content) return refuse(response, 404);
    const ifRange = request.headers["if-range"];
    const isSame = ifRange === undefined || ifRange === switches.etag;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    const isPart = !Number.isNaN(start) && isSame && !switches.ignoreRange;
    if (isPart && start >= content.length) return refuse(response, 416);
    const first = isPart ? (switches.wrongRange ? start + 1 : start) : 0;
    const body = Buffer.concat([content.subarray(first), Buffer.alloc(switches.surplus)]);
    if (switches.damaged > 0) {
      switches.damaged--;
      body[body.length - 1]! ^= 1;
    }
    const range = `bytes ${first}-${content.length - 1}/${content.length}`;
    response.writeHead(isPart ? 206 : 200, {
      etag: switches.etag,
      "content-length": String(body.length + switches.lengthLie),
      ...(isPart ? { "content-range": range } : {}),
    });
    this.send(response, body.subarray(0, body.length + Math.min(0, switches.lengthLie)));
  }

  private send(response: ServerResponse, body: Buffer): void {
    const { dropAfter, stallAfter, lengthLie } = this.switches;
    const drop = dropAfter.shift();
    const stall = stallAfter.shift();
    const part = body.subarray(0, drop ?? stall ?? body.length);
    this.servedBytes += part.length;
    response.write(part, () => {
      if (drop !== undefined || lengthLie > 0) response.destroy();
      else if (stall === undefined) response.end();
    });
  }
}
