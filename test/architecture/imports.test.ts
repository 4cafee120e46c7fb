import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ImportedFile, importsOf, type Room, reachable, rooms, root } from "./rooms.ts";

const all = rooms();
const product = all.flatMap(({ files }) => files);
const roomOf = (file: string): Room | undefined => all.find(({ files }) => files.includes(file));

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

const tests = filesBelow("test");

test("every source file belongs to a project", () => {
  const sources = ["extension", "server", "datastores"].flatMap(filesBelow);
  assert.deepEqual(
    sources.filter(file => !product.includes(file)),
    [],
  );
});

test("a folder imports others only through their index.ts, and only those that it names", () => {
  const wrong = product.flatMap(importsOf).filter(({ from, to }) => {
    const [own, other] = [roomOf(from), roomOf(to)];
    if (!own || own === other) return false;
    const isIndex = other?.files.length === 1 || to === `${other?.folder}/index.ts`;
    // The processes import slow commands only when they are needed.
    const isEntry = own.folder === "server" && to.endsWith("command.ts");
    return !other || !own.references.includes(other.folder) || !(isIndex || isEntry);
  });
  assert.deepEqual(wrong.map(describe), []);
});

test("no folder can import one that can import it", () => {
  for (const { folder } of all) assert.ok(!reachable(folder, all).has(folder), folder);
});

test("the benchmarks also import folders of the product through their index.ts only", () => {
  const wrong = tests
    .filter(file => file.startsWith("test/bench/"))
    .flatMap(importsOf)
    .filter(({ to }) => {
      const other = roomOf(to);
      return other && other.files.length > 1 && to !== `${other.folder}/index.ts`;
    });
  assert.deepEqual(wrong.map(describe), []);
});

/** The functions that VS Code calls. */
const ENTRY_POINTS = ["extension/main.ts: activate", "extension/main.ts: deactivate"];

test("every export is imported somewhere", () => {
  const imports = [...product, ...tests].flatMap(importsOf);
  const used = new Map<string, Set<string>>();
  for (const { to, names } of imports) {
    const known = used.get(to) ?? new Set<string>();
    for (const name of names) known.add(name);
    used.set(to, known);
  }
  const unused = product.flatMap(file => {
    const names = used.get(file);
    return names?.has("*")
      ? []
      : exportsOf(file)
          .filter(name => !names?.has(name))
          .map(name => `${file}: ${name}`);
  });
  assert.deepEqual(
    unused.filter(name => !ENTRY_POINTS.includes(name)),
    [],
  );
});

/** Names that a file exports, itself or from elsewhere. */
function exportsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const own = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm,
  );
  const listed = text.matchAll(/^export (?:type )?\{([^}]*)\}/gm);
  return [
    ...[...own].map(([, name]) => name as string),
    ...[...listed].flatMap(([, names]) =>
      (names as string)
        .split(",")
        .map(name =>
          name
            .trim()
            .replace(/^type /, "")
            .replace(/.* as /, ""),
        )
        .filter(Boolean),
    ),
  ];
}

const describe = ({ from, to }: ImportedFile) => `${from} -> ${to}`;
