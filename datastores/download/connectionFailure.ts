/** Why no answer came, as a problem with a remedy. */
import { storeError } from "../index.ts";
import { PROXY_SETTINGS, proxyLabel } from "./proxy.ts";
import { LATER, Temporary } from "./retries.ts";

/** OpenSSL's names of certificates that are not trusted, and Node's of those that are of another host. */
const UNTRUSTED = /^(SELF_SIGNED_CERT_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|CERT_|ERR_TLS_CERT_)/;
/** What Node 24 and newer append for those who start it with options of their own. */
const NODE_ADVICE = /; if the root CA is installed locally.*$/;
/** What `ProxyAgent` says where the proxy does not connect. */
const PROXY_ANSWER = /^Proxy response \((\d+)\)/;

interface Failed {
  /** What was to be fetched, for the message. */
  readonly what: string;
  readonly host: string;
  readonly proxy: URL | undefined;
}

/** The problem for what `fetch` has thrown: `Temporary` where another try may succeed. */
export function connectionFailure(error: unknown, { what, host, proxy }: Failed): Error {
  const cause = innermost(error);
  const code = "code" in cause ? String(cause.code) : "";
  const status = PROXY_ANSWER.exec(cause.message)?.[1];
  if (proxy && status === "407")
    return storeError(
      "network",
      `${what}: the proxy ${proxyLabel(proxy)} requires a valid user name and password (407).`,
      `Put them into the proxy's address, as in http://USER:PASSWORD@HOST:PORT, in ${PROXY_SETTINGS}.`,
      error,
    );
  if (proxy && status !== undefined && Number(status) < 500)
    return storeError(
      "network",
      `${what}: the proxy ${proxyLabel(proxy)} does not connect to ${host} (${status}).`,
      "Ask who runs the proxy to allow it, or name another place to fetch from.",
      error,
    );
  if (UNTRUSTED.test(code))
    return storeError(
      "network",
      `${what}: the certificate of ${host} is not trusted (${cause.message.replace(NODE_ADVICE, "")}).`,
      "If your network reads encrypted traffic, name the file with its certificate in the variable NODE_EXTRA_CA_CERTS, and restart the program. Otherwise check this machine's clock.",
      error,
    );
  const through = proxy ? ` through the proxy ${proxyLabel(proxy)}` : "";
  const check = proxy
    ? `Check the connection and the proxy, which is named in ${PROXY_SETTINGS}.`
    : `Check the connection. If a proxy is needed, name it in ${PROXY_SETTINGS}.`;
  const message = `${what}: the connection${through} failed (${cause.message}).`;
  return new Temporary(storeError("network", message, `${check} ${LATER}`, error));
}

/** The first cause of what `fetch` throws: the error itself only says that the fetch failed. */
function innermost(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("unknown");
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
