/** HTTP servers on the loopback address. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Lets a server listen on a free port. */
export const listen = (server: Server): Promise<void> =>
  new Promise(resolve => server.listen(0, "127.0.0.1", resolve));

/** The port of a server that listens. */
export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** The address of a server that listens, without a slash at its end. */
export const urlOf = (server: Server): string => `http://127.0.0.1:${portOf(server)}`;

/** Ends a server and all connections to it. */
export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
}
