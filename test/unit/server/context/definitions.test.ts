import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { OpenFiles } from "../../../../server/context/openFiles.ts";
import type { Documents } from "../../../../server/lsp/documents.ts";
import { grammars } from "../../../fakes/places.ts";

await grammars.load("python");

const parser = grammars.parser("python");

const root = mkdtempSync(join(tmpdir(), "foretoken-definitions-"));

after(() => rmSync(root, { recursive: true, force: true }));

/** A workspace with files, and open documents without a client. */
function workspace(name: string, files: Readonly<Record<string, string>>) {
  const folder = join(root, name);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  let changed: (uri: string, text: string) => void = () => {};
  let closed: (uri: string) => void = () => {};
  const documents: Pick<Documents, "watch"> = {
    watch(onChanged, onClosed = () => {}) {
      closed = onClosed;
      changed = (uri, text) => onChanged({ uri, text, languageId: "python", version: 1, edit: undefined });
    },
  };
  const open = new OpenFiles(documents, () => parser, undefined, Number.POSITIVE_INFINITY);
  open.roots = [folder];
  const uri = (path: string) => pathToFileURL(join(folder, path)).href;
  return {
    folder,
    write,
    open: (path: string, text: string) => changed(uri(path), text),
    close: (path: string) => closed(uri(path)),
    around(path: string, text: string) {
      changed(uri(path), text);
      return open.around({ uri: uri(path), languageId: "python", version: 1, text, offset: text.length });
    },
  };
}

const SHOP = {
  "src/shop/__init__.py": "from .cart import Basket\nfrom .tax import *\n",
  "src/shop/cart.py": 'class Basket:\n    """A basket."""\n    owner: str\n\ndef unused(): pass\n',
  "src/shop/tax/__init__.py": "def tax_of(price, country):\n    return price * 2\n\ndef hidden(): pass\n",
  "src/shop/tax/rates.py": "RATE = 19\n\ndef rate_of(country): pass\n",
};

test("definitions of imported names that are used around the cursor are shown, by file", () => {
  const { around } = workspace("used", SHOP);
  const text =
    "import shop.tax.rates as rates\nfrom shop import Basket, tax_of, unknown\nimport os\n\n" +
    "basket = Basket()\nprint(tax_of(basket, rates.rate_of(";
  assert.deepEqual(around("main.py", text), [
    { path: "src/shop/tax/rates.py", text: "def rate_of(country): ..." },
    { path: "src/shop/cart.py", text: 'class Basket:\n    """A basket."""\n    owner: str' },
    { path: "src/shop/tax/__init__.py", text: "def tax_of(price, country): ..." },
  ]);
});

test("a name used only far from the cursor is not shown", () => {
  const { around } = workspace("far", SHOP);
  const below = "\n".repeat(60);
  assert.deepEqual(around("main.py", `from shop import Basket\nBasket()\n${below}print(`), []);
});

test("a submodule can be imported by name, and circular imports end", () => {
  const { around } = workspace("circle", {
    "pkg/__init__.py": "from .a import *\n",
    "pkg/a.py": "from . import *\nfrom .b import thing\n",
    "pkg/b.py": "from .a import thing\n",
    "pkg/sub.py": "def helper(x): pass\n",
  });
  assert.deepEqual(around("main.py", "from pkg import sub, thing\nthing(sub.helper("), [
    { path: "pkg/sub.py", text: "def helper(x): ..." },
  ]);
});

test("files that are secret, ignored, too large or unreadable are not shown", () => {
  const definition = "def wanted(first): pass\n";
  const { around, folder } = workspace("hidden", {
    ".gitignore": "build/\n",
    "secrets.py": definition,
    "build/made.py": definition,
    "large.py": definition + "# more\n".repeat(40_000),
    "folder.py/inside.txt": "",
    "plain.py": definition,
  });
  const using = (module: string) =>
    around("main.py", `from ${module} import wanted\nwanted(`).map(({ path }) => path);
  assert.deepEqual(["secrets", "build.made", "large", "folder"].map(using), [[], [], [], []]);
  assert.deepEqual(using("plain"), ["plain.py"]);
  symlinkSync(join(folder, "secrets.py"), join(folder, "link.py"));
  symlinkSync(join(root, "used/src/shop/cart.py"), join(folder, "outside.py"));
  symlinkSync(join(folder, "plain.py"), join(folder, "alias.py"));
  assert.deepEqual(["link", "outside", "alias"].map(using), [[], [], ["alias.py"]]);
});

test("an open document's text takes precedence over its file, and a changed file is read again", () => {
  const { around, open, close, write, folder } = workspace("changing", {
    "lib.py": "def wanted(one): pass\n",
  });
  const shown = () => around("main.py", "import lib\nlib.wanted(").map(({ text }) => text);
  assert.deepEqual(shown(), ["def wanted(one): ..."]);
  write("lib.py", "def wanted(one, two): pass\n");
  utimesSync(join(folder, "lib.py"), 1, 1);
  assert.deepEqual(shown(), ["def wanted(one, two): ..."]);
  const unlike = Array.from({ length: 50 }, (_, i) => `other_${i} = 1`).join("\n");
  open("lib.py", `def wanted(open): pass\n${unlike}`);
  assert.deepEqual(shown(), ["def wanted(open): ..."]);
  open("lib.py", `def wanted(open): pass\n${"#".repeat(400_001)}`);
  assert.deepEqual(shown(), [], "neither a text as large as data nor what the disk had before it");
  close("lib.py");
  assert.deepEqual(shown(), ["def wanted(one, two): ..."]);
});

test("the part of an open file that has the definition is shown instead of its outline", () => {
  const { around, open } = workspace("open", {});
  open("lib.py", "def wanted(one):\n    return one\n");
  assert.deepEqual(around("main.py", "from lib import wanted\nwanted("), [
    { path: "lib.py", text: "def wanted(one):\n    return one\n" },
  ]);
});

test("a definition that only looks like one in another open file is shown", () => {
  const { around, open } = workspace("twins", { "lib.py": "def wanted(one):\n    return two\n" });
  open("twin.py", "def wanted(one):\n    return one\n");
  assert.deepEqual(around("main.py", "from lib import wanted\nwanted("), [
    { path: "lib.py", text: "def wanted(one): ..." },
    { path: "twin.py", text: "def wanted(one):\n    return one\n" },
  ]);
});

test("a name is followed through three files that re-export it, and no further", () => {
  const { around } = workspace("chain", {
    "d4.py": "from d3 import wanted\n",
    "d3.py": "from d2 import wanted\n",
    "d2.py": "from d1 import wanted\n",
    "d1.py": "from d0 import wanted\n",
    "d0.py": "def wanted(): pass\n",
  });
  const shown = (module: string) => around("main.py", `from ${module} import wanted\nwanted(`);
  assert.deepEqual(shown("d3"), [{ path: "d0.py", text: "def wanted(): ..." }]);
  assert.deepEqual(shown("d4"), []);
});

test("definitions of at most four files are shown, with all that is used of these", () => {
  const names = ["a", "b", "c", "d", "e"];
  const text = (name: string) => `def first_${name}(): pass\n\ndef second_${name}(): pass\n`;
  const files = Object.fromEntries(names.map(name => [`${name}.py`, text(name)]));
  const { around } = workspace("files", files);
  const imports = names.map(name => `from ${name} import first_${name}, second_${name}\n`).join("");
  const uses = [...names.map(name => `second_${name}()`), ...names.map(name => `first_${name}()`)];
  const shown = around("main.py", `${imports}${uses.join("\n")}\n`);
  assert.deepEqual(
    shown,
    names.slice(1).map(name => ({
      path: `${name}.py`,
      text: `def first_${name}(): ...\n\ndef second_${name}(): ...`,
    })),
  );
});

test("the chosen definitions stay the same during typing, until an import is added", () => {
  const { around } = workspace("stable", { "lib.py": "def first(): pass\n\ndef second(): pass\n" });
  const chosen = around("main.py", "from lib import first\nfirst(abc, ");
  assert.equal(around("main.py", "from lib import first\nfirst(abc, d"), chosen);
  assert.deepEqual(around("main.py", "from lib import first, second\nfirst(abc, second("), [
    { path: "lib.py", text: "def first(): ...\n\ndef second(): ..." },
  ]);
});

test("a package's own file can import its modules, and the choice stays the same during typing in it", () => {
  const { around } = workspace("package", { "pkg/__init__.py": "", "pkg/sub.py": "def helper(): pass\n" });
  const text = "from . import sub, helper\nsub.helper(abc, ";
  const chosen = around("pkg/__init__.py", text);
  assert.deepEqual(chosen, [{ path: "pkg/sub.py", text: "def helper(): ..." }]);
  assert.equal(around("pkg/__init__.py", `${text}d`), chosen);
});

test("the names used nearest to the cursor come first where there is not room for all", () => {
  const names = Array.from({ length: 9 }, (_, i) => `module_${i}`);
  const body = Array.from({ length: 30 }, (_, i) => `    field_number_${i}: str`).join("\n");
  const files = Object.fromEntries(names.map(name => [`${name}.py`, `class Of_${name}:\n${body}\n`]));
  const { around } = workspace("room", files);
  const text = `${names.map(name => `from ${name} import Of_${name}`).join("\n")}\n\n${names.map(name => `Of_${name}()`).join("\n")}\n`;
  const shown = around("main.py", text);
  assert.deepEqual(
    shown.map(({ path }) => path),
    ["module_6.py", "module_7.py", "module_8.py"],
  );
});
