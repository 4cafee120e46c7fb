/** Which files of the workspace a model may be shown: none that hold secrets, and none that git ignores. */
import { basename, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isGitIgnored } from "../../datastores/sources/index.ts";

/** Names of files that hold secrets. */
const SECRET =
  /^(\.env(\..*)?|.*\.env|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|ppk)|id_(rsa|dsa|ecdsa|ed25519).*|\.npmrc|\.netrc|_netrc|\.pypirc|\.pgpass|\.htpasswd|\.git-credentials|.*credential.*|.*secret.*|known_hosts|authorized_keys)$/i;
/** Folders that do. */
const SECRET_FOLDER = /(^|\/)\.(ssh|aws|gnupg|kube|docker)\//i;

export interface ShownFile {
  /** The folder of the workspace it lies in. */
  readonly root: string;
  /** Below the root, with forward slashes: what a model may see of its name. */
  readonly path: string;
}

/** @param path with forward slashes */
export const isSecret = (path: string) => SECRET.test(basename(path)) || SECRET_FOLDER.test(path);

/** Whether a model may be shown a file. @param path below `root`, with forward slashes */
export function mayBeShown(root: string, path: string): boolean {
  return !isSecret(`${root.split(sep).join("/")}/${path}`) && !isGitIgnored(root, path);
}

/** A document as a model may see it; undefined for one that it may not. */
export function shownFile(uri: string, roots: readonly string[]): ShownFile | undefined {
  if (!uri.startsWith("file:")) return undefined;
  let whole: string;
  try {
    whole = fileURLToPath(uri);
  } catch {
    return undefined; // No file of this machine.
  }
  const root = roots.find(each => whole.startsWith(each + sep));
  if (root === undefined) return undefined;
  const path = relative(root, whole).split(sep).join("/");
  return mayBeShown(root, path) ? { root, path } : undefined;
}
