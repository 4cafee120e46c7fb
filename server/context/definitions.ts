/**
 * Chooses definitions of imported names to show: those of names that are used around the cursor, the nearest first,
 * within a budget. Pure: the caller finds modules and reads files.
 */

import type { ContextFile } from "../prompt/index.ts";
import type { Definition, Import } from "../syntax/index.ts";

/** What other files use of a file of the workspace. */
export interface ModuleFile {
  readonly imports: readonly Import[];
  readonly definitions: readonly Definition[];
}

interface Modules {
  /** The file of a module that is named in the file `from`; undefined for a module outside the workspace. */
  find(module: string, from: string): string | undefined;
  /** The file of a name in a module if that name is a module itself. */
  findWithin(module: string, name: string, from: string): string | undefined;
  /** Undefined for the document itself, and for a file that may not be shown or cannot be read in time. */
  read(path: string): ModuleFile | undefined;
}

export interface Using {
  /** The document's path. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Identifiers around the cursor. */
  readonly around: ReadonlySet<string>;
  /** Distance from the cursor to the use of a name, in any unit. */
  distance(name: string): number;
  /** Whether the prompt contains a definition already, recognised by its first line. */
  isShown(path: string, line: string): boolean;
}

const MAX_FILES = 4;
/** Limit for all outlines together, in UTF-16 code units: about a fifth of a prompt of 4,096 tokens. */
const CHARACTERS = 2_400;
/** A name may be re-exported through at most this many files. */
const HANDED_ON = 3;

interface Found {
  readonly path: string;
  readonly definition: Definition;
}

/**
 * Outlines to put before a document, by file, in the order of the document's imports: that order seldom changes, so a prompt
 * keeps its prefix. @param expired whether the time is up
 */
export function definitionFiles(using: Using, modules: Modules, expired: () => boolean): ContextFile[] {
  const { path: own, imports, around, distance, isShown } = using;
  const used = imports.filter(({ local }) => local === "*" || around.has(local));
  const nearest = [...used].sort((a, b) => distance(a.local) - distance(b.local));
  const chosen = new Set<Definition>();
  /** The index of the first import through which each file was reached. */
  const files = new Map<string, number>();
  let left = CHARACTERS;
  for (const each of nearest) {
    if (expired()) break;
    for (const { path, definition } of meant(each, own, around, modules)) {
      const isFull = !files.has(path) && files.size >= MAX_FILES;
      if (isFull || definition.outline.length > left) continue;
      if (chosen.has(definition) || isShown(path, definition.line)) continue;
      chosen.add(definition);
      files.set(path, Math.min(files.get(path) ?? used.length, used.indexOf(each)));
      left -= definition.outline.length;
    }
  }
  return [...files]
    .sort(([a, first], [b, second]) => first - second || (a < b ? -1 : 1))
    .map(([path]) => {
      const outlines = modules.read(path)?.definitions.filter(each => chosen.has(each)) ?? [];
      return { path, text: outlines.map(({ outline }) => outline).join("\n\n") };
    });
}

/** The definitions that an import stands for; for a whole module, those whose names are used around the cursor. */
function meant(
  { module, name }: Import,
  from: string,
  around: ReadonlySet<string>,
  modules: Modules,
  handed = 0,
): readonly Found[] {
  const path = modules.find(module, from);
  if (name === undefined || name === "*") return path === undefined ? [] : usedOf(path, around, modules);
  const file = path === undefined ? undefined : modules.read(path);
  if (path !== undefined && file) {
    const definition = file.definitions.find(each => each.name === name);
    if (definition) return [{ path, definition }];
    for (const each of handed < HANDED_ON ? handingOn(file, name) : []) {
      const found = meant(each, path, around, modules, handed + 1);
      if (found.length > 0) return found;
    }
  }
  const inner = modules.findWithin(module, name, from);
  return inner === undefined ? [] : usedOf(inner, around, modules);
}

/** The imports through which a file may have a name that it does not define. */
function handingOn({ imports }: ModuleFile, name: string): Import[] {
  const all = imports.filter(each => each.name === "*").map(({ module }) => ({ module, name, local: name }));
  return [...imports.filter(({ local }) => local === name), ...all];
}

function usedOf(path: string, around: ReadonlySet<string>, modules: Modules): Found[] {
  const { definitions = [] } = modules.read(path) ?? {};
  return definitions.filter(({ name }) => around.has(name)).map(definition => ({ path, definition }));
}
