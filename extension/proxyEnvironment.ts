/**
 * What VS Code's own settings say about proxies and certificates, as variables of the server's environment. VS Code applies
 * them only to extensions, and the server is a separate process.
 */

interface HttpSettings {
  /** Address of the proxy; empty: as in the environment. */
  readonly proxy: string;
  readonly noProxy: readonly string[];
  /** `off`: extensions use no proxy. */
  readonly proxySupport: string;
  /** Whether certificates that the system trusts are trusted. */
  readonly systemCertificates: boolean;
}

/** The settings of VS Code's section `http` that are read, with its own defaults. */
export const HTTP_DEFAULTS: HttpSettings = {
  proxy: "",
  noProxy: [],
  proxySupport: "override",
  systemCertificates: true,
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name a proxy, in either case. */
const NAMES_PROXY = /^(http|https|all)_proxy$/i;

/** @param environment VS Code's own, which the settings overrule */
export function proxyEnvironment(
  { proxy, noProxy, proxySupport, systemCertificates }: HttpSettings,
  environment: Environment,
): Environment {
  const isOverruled = proxySupport === "off" || proxy !== "";
  const kept = Object.entries(environment).filter(([name]) => !isOverruled || !NAMES_PROXY.test(name));
  const changed: Record<string, string | undefined> = Object.fromEntries(kept);
  if (proxySupport !== "off" && proxy !== "") {
    changed.http_proxy = proxy;
    changed.https_proxy = proxy;
  }
  if (noProxy.length > 0) changed.no_proxy = noProxy.join(",");
  // A Node that does not know the variable ignores it.
  if (systemCertificates) changed.NODE_USE_SYSTEM_CA ??= "1";
  return changed;
}
