import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { contextFiles, identifiersAround, type OtherText } from "../../server/context/context.ts";
import { OpenFiles } from "../../server/context/openFiles.ts";
import { isSecret } from "../../server/context/secrets.ts";
import type { Documents } from "../../server/lsp/documents.ts";

const AROUND = new Set(["total", "price", "quantity", "item", "basket", "discount"]);
let changes = 0;
const other = (path: string, text: string, editedLine?: number): OtherText => ({
  path,
  text,
  changed: ++changes,
  editedLine,
});
const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);

test("windows like the surroundings of the cursor are chosen, four at most, the longest unchanged first", () => {
  const alike = "def total(item, quantity):\n    return price(item) * quantity * rate(country) + shipping\n";
  const others = [
    other("weather.py", "def forecast(wind, rain):\n    return storm\n"),
    ...["a.py", "b.py", "c.py", "d.py", "e.py"].map((path, i) => other(path, `${alike}extra_${i} = 1\n`)),
  ];
  assert.deepEqual(paths(contextFiles(AROUND, others)), ["a.py", "b.py", "c.py", "d.py"]);
});

test("the best sixty lines of a long file are shown, not all of it", () => {
  const lines = Array.from({ length: 400 }, (_, i) => `unrelated_${i} = other_${i}`);
  lines[230] = "total = price * quantity; item = basket; discount = none; a1b, b1c, c1d";
  const noise = lines.map((line, i) => (i % 3 === 0 ? line : "# x"));
  noise[230] = lines[230];
  const [file] = contextFiles(new Set([...AROUND]), [other("long.py", noise.join("\n"))]);
  assert.ok(file?.text.includes("total = price"));
  assert.equal(file?.text.split("\n").length, 60);
});

test("what reads like the surroundings themselves is left out", () => {
  assert.deepEqual(contextFiles(AROUND, [other("copy.py", [...AROUND].join(" "))]), []);
});

test("the lines around a recent edit are shown whatever they are like", () => {
  const text = Array.from({ length: 100 }, (_, i) => `line_${i} = 1`).join("\n");
  const [file] = contextFiles(AROUND, [other("edited.py", text, 50)]);
  assert.ok(file?.text.includes("line_50 = 1") && !file.text.includes("line_70"));
});

test("when the time is up no further file is looked at", () => {
  const others = [other("a.py", "total price"), other("b.py", "total price")];
  assert.deepEqual(
    contextFiles(AROUND, others, () => true),
    [],
  );
});

test("the identifiers around a place are those of the lines on both sides", () => {
  const text = "first_name = 1\nlast_name = 2\n";
  assert.deepEqual([...identifiersAround(text, 15)], ["first_name", "last_name"]);
});

test("files that hold secrets are known by their names", () => {
  for (const path of [
    ".env",
    "app/.env.production",
    "server.pem",
    "tls/private.key",
    ".ssh/config",
    "id_rsa",
    "id_ed25519.pub",
    ".npmrc",
    ".netrc",
    "aws_credentials.py",
    "client_secrets.json",
    ".git-credentials",
  ])
    assert.ok(isSecret(path), path);
  for (const path of ["main.py", "environment.py", "keys.py", "monkey.ts"]) assert.ok(!isSecret(path), path);
});

const root = mkdtempSync(join(tmpdir(), "foretoken-open-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** Open documents without a client. */
function opened() {
  let changed: (uri: string, text: string) => void = () => {};
  let closed: (uri: string) => void = () => {};
  const documents: Pick<Documents, "watch"> = {
    watch(onChanged, onClosed) {
      changed = (uri, text) => onChanged({ uri, text, languageId: "python", edit: undefined });
      closed = onClosed;
    },
  };
  const files = new OpenFiles(documents, () => undefined);
  files.roots = [root];
  const uri = (path: string) => pathToFileURL(join(root, path)).href;
  return {
    files,
    open: (path: string, text: string) => changed(uri(path), text),
    close: (path: string) => closed(uri(path)),
    around: (path: string, text: string) =>
      files.around({ uri: uri(path), languageId: "python", version: 1, text, offset: text.length }),
    changed: (...args: [string, string]) => changed(...args),
  };
}

const HERE = "from basket import total\nprice = total(item, quantity)\nprint(price, discount, ";
const LIKE = "def total(item, quantity):\n    return item.price * quantity * rate\n";

test("secret, ignored and foreign documents are never shown to a model, nor the document itself", () => {
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(join(root, ".gitignore"), "build/\n*.local.py\n");
  const { files, open, around, changed } = opened();
  for (const path of ["main.py", "basket.py", ".env", "secrets.py", "build/made.py", "my.local.py"])
    open(path, LIKE);
  changed(pathToFileURL(join(tmpdir(), "elsewhere.py")).href, LIKE);
  changed("untitled:Untitled-1", LIKE);
  changed("git:/project/basket.py", LIKE);
  assert.deepEqual(paths(around("main.py", HERE)), ["basket.py"]);
  assert.ok(root.endsWith(files.repository ?? "nothing"));
});

test("what was chosen stays while one types, and changes with the other documents", () => {
  const { open, close, around } = opened();
  open("main.py", HERE);
  open("basket.py", LIKE);
  const first = around("main.py", HERE);
  assert.equal(around("main.py", `${HERE}x`), first);
  open("basket.py", `${LIKE}\nlimit = 1\n`);
  assert.match(around("main.py", HERE)[0]?.text ?? "", /limit = 1/);
  close("basket.py");
  assert.deepEqual(around("main.py", HERE), []);
});

test("a text as large as data is not looked at", () => {
  const { open, around } = opened();
  open("data.py", LIKE.repeat(10_000));
  assert.deepEqual(around("main.py", HERE), []);
});
