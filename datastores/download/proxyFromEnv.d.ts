/** The package has no types of its own. */
declare module "proxy-from-env" {
  /** The proxy for an address according to the environment; empty: none. */
  export function getProxyForUrl(address: string): string;
}
