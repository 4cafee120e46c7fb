/** Paths as people write them in settings. */
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";

/** The user's home folder; undefined where neither the environment nor the system knows one. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** A variable's value; undefined for one that is not known. */
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
 * Puts in what stands for parts of a path: `~`, `${env:NAME}`, `${userHome}`, `${workspaceFolder}`. Quotes around it
 * are left out. What is not known stays as it is written, for the message that there is no such path.
 * @param folders of the workspace, the first first
 */
export function expandPath(written: string, folders: readonly string[] = []): string {
  const trimmed = written.trim();
  const text = /^(["'`])(.*)\1$/s.exec(trimmed)?.[2]?.trim() ?? trimmed;
  const filled = text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => variable(name, folders) ?? whole);
  const home = /^~(?=$|[/\\])/.test(filled) ? homeFolder() : undefined;
  return home === undefined ? filled : join(home, filled.slice(1));
}

/** The same as an absolute path: a relative one begins at the first folder of the workspace. */
export function resolvePath(written: string, folders: readonly string[] = []): string {
  return resolve(folders[0] ?? "", expandPath(written, folders));
}
