/** An npm registry on the loopback address that serves one archive; switches make it misbehave. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { close, listen, urlOf } from "./loopback.ts";

interface RegistrySwitches {
  /** Statuses of the next answers before it behaves normally. */
  statuses: number[];
  /** For each next answer, the number of bytes after which it breaks off. */
  dropAfter: number[];
  /** For each next answer, the number of bytes after which it sends nothing more, but stays open. */
  stallAfter: number[];
  /** Number of next answers with a flipped last byte. */
  damaged: number;
}

export class FakeRegistry {
  readonly requests: { path: string; range: string | undefined; authorization: string | undefined }[] = [];
  servedBytes = 0;
  readonly switches: RegistrySwitches = { statuses: [], dropAfter: [], stallAfter: [], damaged: 0 };
  private readonly server: Server;

  private constructor(
    private readonly path: string,
    private readonly archive: Buffer,
  ) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  static async start(path: string, archive: Buffer): Promise<FakeRegistry> {
    const fake = new FakeRegistry(path, archive);
    await listen(fake.server);
    return fake;
  }

  get url(): string {
    return urlOf(this.server);
  }

  async close(): Promise<void> {
    await close(this.server);
  }

  private answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const { statuses, dropAfter, stallAfter } = this.switches;
    this.requests.push({ path: url, range: headers.range, authorization: headers.authorization });
    const status = statuses.shift() ?? (url === this.path ? 200 : 404);
    if (status !== 200) return void response.writeHead(status).end("no");
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const body = Buffer.from(this.archive.subarray(from));
    if (this.switches.damaged > 0) {
      this.switches.damaged--;
      body[body.length - 1]! ^= 1;
    }
    const length = this.archive.length;
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"v1"',
      "content-length": String(body.length),
      ...(from > 0 && { "content-range": `bytes ${from}-${length - 1}/${length}` }),
    });
    const drop = dropAfter.shift();
    const stall = stallAfter.shift();
    const part = body.subarray(0, drop ?? stall ?? body.length);
    this.servedBytes += part.length;
    response.write(part, () => {
      if (drop !== undefined) response.destroy();
      else if (stall === undefined) response.end();
    });
  }
}
