/** One request to a hub: explains failures, and sends the token to the hub only. */
import { type StoreError, storeError, throwIfCancelled } from "../index.ts";
import { connectionFailure } from "./connectionFailure.ts";
import { fetchThrough, proxyFor } from "./proxy.ts";
import { LATER, type RetryOptions, Temporary } from "./retries.ts";

export interface HubOptions extends RetryOptions {
  /** Address of the hub; if empty or absent, the environment's `HF_ENDPOINT`, else the public one. */
  readonly hubUrl?: string;
  /** Access token, sent to the hub's own origin only; else the environment's `HF_TOKEN`, else none. */
  readonly token?: string;
  /** Time without data after which a connection is dropped and tried again; 60 s by default. */
  readonly idleMs?: number;
  /** What is fetched, for messages; a data set by default. */
  readonly kind?: "data set" | "model" | "package";
  /** What it is fetched from, for messages; a hub by default. */
  readonly host?: "hub" | "registry";
  /** Whether no token is sent, not even the environment's, which is meant for the hub. */
  readonly anonymous?: boolean;
}

const PUBLIC_HUB = "https://huggingface.co";
const IDLE_MS = 60_000;
const REDIRECTS = 5;

/** Whether a text is an address to fetch from. One with a user name or a password is not: `fetch` refuses it, and quotes it. */
export function isAddress(text: string): boolean {
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === "" && password === "";
}

/** A text for messages, without what stands before the host in an address. */
export const withoutCredentials = (text: string): string => text.replace(/\/\/[^/]*@/, "//...@");

/** Address of the hub without a slash at its end. Throws a `StoreError` of code `schema` for an invalid one. */
export function hubAddress(options: HubOptions): string {
  const address = (options.hubUrl || process.env.HF_ENDPOINT || PUBLIC_HUB).replace(/\/+$/, "");
  if (isAddress(address)) return address;
  throw storeError(
    "schema",
    `${withoutCredentials(address)} is not the address of a hub.`,
    'Name one, such as https://hub.example.org, in "foretoken.hub" or HF_ENDPOINT, or clear both.',
  );
}

function accessToken(options: HubOptions): string | undefined {
  if (options.anonymous) return undefined;
  return options.token || process.env.HF_TOKEN || undefined;
}

/** A response whose body can be read without waiting forever. */
export interface Reply {
  readonly response: Response;
  /** The body in chunks; throws `Temporary` if the connection breaks or stalls. */
  readonly chunks: () => AsyncGenerator<Uint8Array>;
  /** To be called if the body is not wanted. */
  readonly cancel: () => Promise<void>;
}

/**
 * One GET, following redirects. Throws for statuses other than success and 416: `Temporary` for 408, 429
 * and 5xx and for a broken connection, `StoreError` for the others.
 */
export async function get(
  url: string,
  what: string,
  headers: Record<string, string>,
  options: HubOptions,
): Promise<Reply> {
  const token = accessToken(options);
  const home = token === undefined ? undefined : new URL(hubAddress(options)).origin;
  let address = new URL(url);
  const watch = new Watch(options, what, address);
  try {
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const sent: Record<string, string> = { "accept-encoding": "identity", ...headers };
      // The file's host signs its own addresses; only the hub gets the token.
      if (token && address.origin === home) sent.authorization = `Bearer ${token}`;
      const proxy = watch.follow(address);
      const init = { headers: sent, redirect: "manual", signal: watch.signal } as const;
      const response = await fetchThrough(proxy, address, init);
      const next = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || next === null) {
        if (!response.ok && response.status !== 416) throw await refusal(response, what, options);
        const cancel = async () => {
          watch.stop();
          await response.body?.cancel();
        };
        return { response, chunks: () => watch.chunks(response), cancel };
      }
      await response.body?.cancel();
      const previous = address;
      const target = URL.canParse(next, previous.href) ? new URL(next, previous) : undefined;
      if (!target || !isAddress(target.href))
        throw storeError(
          "network",
          `${what}: ${previous.host} redirects to something that is not an address.`,
          "Check the address of the hub.",
        );
      address = target;
      if (previous.protocol === "https:" && address.protocol !== "https:")
        throw storeError(
          "network",
          `${what}: ${previous.host} redirects to an unencrypted address.`,
          "Check the address in a browser.",
        );
    }
    throw storeError("network", `${what}: too many redirects.`, "Check the address of the hub.");
  } catch (error) {
    watch.stop();
    throw watch.explain(error);
  }
}

/** Aborts a request that stalls, or that the caller cancels. */
class Watch {
  readonly signal: AbortSignal;
  private readonly stalled = new AbortController();
  private readonly idleMs: number;
  private timer: NodeJS.Timeout;
  private proxy: URL | undefined;

  /** @param what is fetched, for messages @param address where the request goes first */
  constructor(
    private readonly options: HubOptions,
    private readonly what: string,
    private address: URL,
  ) {
    this.idleMs = options.idleMs ?? IDLE_MS;
    this.timer = this.start();
    this.signal = options.signal
      ? AbortSignal.any([options.signal, this.stalled.signal])
      : this.stalled.signal;
  }

  /** Notes where the request goes next, and returns the proxy that it goes through. */
  follow(address: URL): URL | undefined {
    this.address = address;
    this.proxy = proxyFor(address);
    return this.proxy;
  }

  async *chunks(response: Response): AsyncGenerator<Uint8Array> {
    try {
      if (!response.body) return;
      for await (const chunk of response.body) {
        clearTimeout(this.timer);
        yield chunk;
        this.timer = this.start();
      }
    } catch (error) {
      throw this.explain(error);
    } finally {
      this.stop();
    }
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  explain(error: unknown): unknown {
    throwIfCancelled(this.options.signal);
    const { what, proxy, address, idleMs } = this;
    const failed = { what, proxy, host: address.host };
    if (this.stalled.signal.aborted)
      return connectionFailure(new Error(`nothing came for ${idleMs / 1000} s`), failed);
    // `fetch` reports every connection failure as a TypeError with a cause; one without is a fault.
    return error instanceof TypeError && error.cause ? connectionFailure(error, failed) : error;
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => this.stalled.abort(), this.idleMs);
  }
}

async function refusal(
  response: Response,
  what: string,
  options: HubOptions,
): Promise<Temporary | StoreError> {
  const { status } = response;
  const { kind = "data set", host = "hub" } = options;
  await response.body?.cancel();
  if (status === 429) {
    const waitMs = askedWait(response.headers);
    const after = waitMs ? ` for ${Math.ceil(waitMs / 1000)} s` : "";
    const message = `${what}: the ${host} accepts no more requests from here${after} (429).`;
    const canAllowMore = !options.anonymous && accessToken(options) === undefined;
    const remedy = canAllowMore ? `${LATER} An access token allows more.` : LATER;
    return new Temporary(storeError("rateLimited", message, remedy), waitMs);
  }
  if (status >= 500 || status === 408)
    return new Temporary(
      storeError("network", `${what}: the ${host} failed (${status}).`, LATER),
      askedWait(response.headers),
    );
  if (status === 401)
    return storeError(
      "unauthorised",
      accessToken(options)
        ? `${what}: the ${host} did not accept the access token (401).`
        : `${what}: the ${host} requires an access token, or there is no such ${kind} (401).`,
      "Create a token with read access in your account's settings and enter it, or set HF_TOKEN.",
    );
  if (status === 403 && options.anonymous)
    return storeError("gated", `${what}: the ${host} does not allow access to it (403).`, LATER);
  if (status === 403)
    return storeError(
      "gated",
      `${what}: this account may not read it (403). The ${kind}'s terms must be accepted first.`,
      `Open the ${kind}'s page in a browser, accept its terms, and use a token of that account.`,
    );
  if (status === 404)
    return storeError(
      "missing",
      `${what}: the ${host} has no such ${kind}, revision or file (404).`,
      `Check the name; a private ${kind} needs a token.`,
    );
  return storeError("network", `${what}: the ${host} answered with status ${status}.`, LATER);
}

/**
 * Milliseconds to wait according to `Retry-After` (seconds or a date), or until all limits that are used up are reset:
 * `ratelimit: "NAME";r=REMAINING;t=SECONDS, ...`. A server may send its limits with every answer, so those of which
 * something remains are no reason to wait.
 */
function askedWait(headers: Headers): number | undefined {
  const after = headers.get("retry-after");
  if (after !== null) {
    // The server's own clock counts: this machine's may be wrong.
    const now = Date.parse(headers.get("date") ?? "") || Date.now();
    const seconds = /^\d+$/.test(after.trim()) ? Number(after) : (Date.parse(after) - now) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  }
  const limits = (headers.get("ratelimit") ?? "").split(",");
  const usedUp = limits.filter(limit => /; *r=0/.test(limit));
  const waits = usedUp.flatMap(limit => /; *t=(\d+)/.exec(limit)?.[1] ?? []);
  return waits.length === 0 ? undefined : 1000 * Math.max(...waits.map(Number));
}
