/** Reads git's configuration of a repository: its own takes precedence over the user's, and that over the machine's. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { configValue } from "./gitConfig.ts";
import { gitFolders } from "./gitFolder.ts";
import { readRegular } from "./regularFile.ts";

/** Configuration files larger than this, in bytes, are not written by people. */
const LARGEST_BYTES = 512 * 1024;

/** A value of git's configuration. @param top folder of the repository @param name in lower case, as `core.excludesfile` */
export function gitSetting(top: string, name: string): string | undefined {
  for (const configuration of configurations(top)) {
    const include = (path: string) => textOf(gitPath(dirname(configuration), path));
    const value = configValue(textOf(configuration) ?? "", name, include);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Whether a value of git's configuration is true. */
export const gitFlag = (top: string, name: string): boolean =>
  /^(?:true|yes|on|[1-9]\d*)$/i.test(gitSetting(top, name) ?? "");

/** A path of git's configuration as an absolute one. @param folder base of relative paths */
export function gitPath(folder: string, path: string): string {
  const home = homeFolder();
  return resolve(folder, home === undefined ? path : path.replace(/^~(?=[/\\])/, home));
}

/** The user's folder of git's files, if there is one. */
export function userGitFolder(): string | undefined {
  const home = homeFolder();
  const folder = process.env.XDG_CONFIG_HOME || (home === undefined ? undefined : join(home, ".config"));
  return folder === undefined ? undefined : join(folder, "git");
}

/** The target of a link: git follows links to files outside of the working tree. */
export function target(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Configuration files, the ones with precedence first. */
function configurations(top: string): string[] {
  const [home, userFolder] = [homeFolder(), userGitFolder()];
  return [
    join(gitFolders(top).shared, "config"),
    ...(home === undefined ? [] : [join(home, ".gitconfig")]),
    ...(userFolder === undefined ? [] : [join(userFolder, "config")]),
    "/etc/gitconfig",
  ];
}

function textOf(file: string): string | undefined {
  const read = readRegular(target(file), LARGEST_BYTES);
  return "text" in read ? read.text : undefined;
}

function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // Neither the environment nor the system knows one.
  }
}
