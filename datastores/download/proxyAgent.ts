/** The client that speaks to proxies: its import is large, and only machines behind a proxy need it. */
export { fetch, ProxyAgent } from "undici";
