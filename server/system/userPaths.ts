/** Paths as users write them in settings. */
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";

/** The user's home folder; undefined if neither the environment nor the system knows one. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** A variable's value; undefined for an unknown variable. */
function variable(name: string, folders: readonly string[]): string | undefined {
  const [kind, argument] = name.split(/:(.*)/s);
  switch (kind) {
    case "env":
      return process.env[argument ?? ""];
    case "userHome":
      return homeFolder();
    case "workspaceFolder":
    case "workspaceRoot":
      return argument === undefined ? folders[0] : folders.find(folder => basename(folder) === argument);
    case "pathSeparator":
    case "/":
      return "/";
    default:
      return undefined;
  }
}

/**
 * Replaces placeholders in a path: `~`, `${env:NAME}`, `${userHome}`, `${workspaceFolder}`. Surrounding quotes
 * are removed. Unknown variables stay as written, so that the message about a missing path shows them.
 * @param folders the workspace's folders, the first one first
 */
export function expandPath(written: string, folders: readonly string[] = []): string {
  const trimmed = written.trim();
  const text = /^(["'`])(.*)\1$/s.exec(trimmed)?.[2]?.trim() ?? trimmed;
  const filled = text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => variable(name, folders) ?? whole);
  const home = /^~(?=$|[/\\])/.test(filled) ? homeFolder() : undefined;
  return home === undefined ? filled : join(home, filled.slice(1));
}

/** The same as an absolute path: a relative one starts at the workspace's first folder. */
export function resolvePath(written: string, folders: readonly string[] = []): string {
  return resolve(folders[0] ?? "", expandPath(written, folders));
}
