/** An HTTP proxy on the loopback address that connects to a port of this machine, whatever host it is asked for. */
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { close, listen, portOf } from "./loopback.ts";

export class FakeProxy {
  /** The hosts that were asked for, with their ports. */
  readonly asked: string[] = [];
  /** The credentials without which it answers 407, as in `name:password`. */
  credentials: string | undefined;
  /** The status it refuses with; absent: it connects. */
  refusal: number | undefined;
  private readonly server: Server;
  private readonly sockets = new Set<Duplex>();

  private constructor(private readonly port: number) {
    this.server = createServer();
    this.server.on("connect", ({ url = "", headers }, socket) => {
      this.asked.push(url);
      this.answer(headers["proxy-authorization"], socket);
    });
  }

  /** @param port of this machine that all connections lead to */
  static async start(port: number): Promise<FakeProxy> {
    const proxy = new FakeProxy(port);
    await listen(proxy.server);
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${portOf(this.server)}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await close(this.server);
  }

  private answer(authorization: string | undefined, socket: Duplex): void {
    const wanted = this.credentials && `Basic ${Buffer.from(this.credentials).toString("base64")}`;
    const status = wanted && authorization !== wanted ? 407 : (this.refusal ?? 200);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const target = connect(this.port, "127.0.0.1");
    for (const each of [socket, target]) {
      this.sockets.add(each);
      each.on("error", () => {});
    }
    socket.pipe(target).pipe(socket);
  }
}
