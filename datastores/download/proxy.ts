/**
 * Requests through the proxy that the environment names, as curl reads it: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
 * `NO_PROXY`, also in lower case. Node's own `fetch` asks every host directly.
 */
import { getProxyForUrl } from "proxy-from-env";
import { storeError } from "../index.ts";
import type { ProxyAgent } from "./proxyAgent.ts";

/** Where users name the proxy, for remedies. */
export const PROXY_SETTINGS = `"http.proxy" in VS Code's settings, or in the variable HTTPS_PROXY`;

/** Addresses on this machine, which a proxy would look for on its own. */
const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;
const SCHEMES = ["http:", "https:", "socks5:"];

/** Agents by the proxy's address: each keeps its connections for the next request. */
const agents = new Map<string, ProxyAgent>();

/** The proxy for an address; undefined where it is asked directly. Throws a `StoreError` if it cannot be used. */
export function proxyFor(address: URL): URL | undefined {
  if (LOOPBACK.test(address.hostname)) return undefined;
  const named = withScheme(getProxyForUrl(address.href), address);
  if (named === "") return undefined;
  if (URL.canParse(named)) {
    const proxy = new URL(named);
    if (SCHEMES.includes(proxy.protocol) && proxy.hostname !== "") return proxy;
  }
  throw storeError(
    "network",
    `The address of the proxy for ${address.host} is not valid.`,
    `Write it as http://HOST:PORT in ${PROXY_SETTINGS}.`,
  );
}

/** A proxy's address for messages: without a user name and a password. */
export const proxyLabel = ({ protocol, host }: URL): string => `${protocol}//${host}`;

/** `fetch`, through a proxy if one is given. */
export async function fetchThrough(
  proxy: URL | undefined,
  address: URL,
  init: { headers: Record<string, string>; redirect: "manual"; signal: AbortSignal },
): Promise<Response> {
  if (!proxy) return fetch(address, init);
  // Most machines have no proxy, and need not load this.
  const client = await import("./proxyAgent.ts");
  const dispatcher = agents.get(proxy.href) ?? new client.ProxyAgent(proxy.href);
  agents.set(proxy.href, dispatcher);
  // A class of its own with the interface of Node's.
  return (await client.fetch(address, { ...init, dispatcher })) as unknown as Response;
}

/** Without a scheme a proxy speaks HTTP; `getProxyForUrl` gives it the scheme of the address to fetch from. */
function withScheme(proxy: string, { protocol }: URL): string {
  const bare = proxy.slice(`${protocol}//`.length);
  const isBare = Object.entries(process.env).some(
    ([name, value]) => /_proxy$/i.test(name) && value === bare && value !== "",
  );
  return isBare ? `http://${bare}` : proxy;
}
