/** The model that the command line uses if none is named. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, writeWhole } from "../system/index.ts";

/** Names the bundled model in commands that take a model. */
export const DEFAULT_MODEL = "default";

const file = (folder: string) => join(folder, "model.txt");

type WriteOutcome =
  | { readonly file: string }
  | { readonly problem: { readonly message: string; readonly remedy: string } };

/** Absolute path; undefined if none was chosen. @param folder the folder for data that is kept between starts */
export function chosenModel(folder: string): string | undefined {
  try {
    return readFileSync(file(folder), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** @param path undefined for the default model */
export function writeChosenModel(folder: string, path: string | undefined): WriteOutcome {
  try {
    if (path === undefined) rmSync(file(folder), { force: true });
    else writeWhole(file(folder), `${path}\n`);
    return { file: file(folder) };
  } catch (error) {
    return {
      problem: {
        message: `${file(folder)} cannot be written: ${messageOf(error)}.`,
        remedy: "Make its folder writable, or name another folder for caches (XDG_CACHE_HOME).",
      },
    };
  }
}
