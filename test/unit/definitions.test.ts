import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Node } from "web-tree-sitter";
import { OpenFiles } from "../../server/context/openFiles.ts";
import type { Documents } from "../../server/lsp/documents.ts";
import { pythonImports } from "../../server/syntax/imports.ts";
import { importStatements } from "../../server/syntax/moduleLanguages.ts";
import { pythonModule } from "../../server/syntax/modules.ts";
import { pythonDefinitions } from "../../server/syntax/pythonOutline.ts";
import { grammars } from "../fakes/places.ts";

await grammars.load("python");
const parser = grammars.parser("python");

function read<T>(text: string, how: (root: Node) => T): T {
  const tree = parser?.parse(text);
  assert.ok(tree);
  try {
    return how(tree.rootNode);
  } finally {
    tree.delete();
  }
}

const imports = (text: string) =>
  read(importStatements(text, "python"), pythonImports).map(({ module, name, local }) => [
    module,
    name,
    local,
  ]);
const outlines = (text: string) => read(text, pythonDefinitions).map(({ outline }) => outline);

test("every form of Python's imports is understood, wherever it stands", () => {
  const text = [
    "import os, a.b.c",
    "import a.b as short",
    "from a.b import c, d as e",
    "def f():",
    "    from . import near",
    "    from ..up.more import (",
    "        one,  # the first",
    "        two as second,",
    "    )",
    "from far import *",
    "from long import \\",
    "    much",
    "important = from_here = 1",
  ].join("\n");
  assert.deepEqual(imports(text), [
    ["os", undefined, "os"],
    ["a.b.c", undefined, "a"],
    ["a.b", undefined, "short"],
    ["a.b", "c", "c"],
    ["a.b", "d", "e"],
    [".", "near", "near"],
    ["..up.more", "one", "one"],
    ["..up.more", "two", "second"],
    ["far", "*", "*"],
    ["long", "much", "much"],
  ]);
  assert.equal(importStatements(text, "rust"), "");
});

test("modules are found as Python finds them: relative, in packages, beside scripts and in src folders", () => {
  const files = new Set([
    "src/shop/__init__.py",
    "src/shop/cart.py",
    "src/shop/tax/__init__.py",
    "src/shop/tax/rates.py",
    "src/shop/json.py",
    "tools/run.py",
    "tools/helper.py",
    "stubs.pyi",
  ]);
  const found = (module: string, from: string) => pythonModule(module, from, path => files.has(path));
  assert.equal(found(".cart", "src/shop/tax.py"), "src/shop/cart.py");
  assert.equal(found("..cart", "src/shop/tax/rates.py"), "src/shop/cart.py");
  assert.equal(found(".", "src/shop/cart.py"), "src/shop/__init__.py");
  assert.equal(found("shop.tax", "src/shop/cart.py"), "src/shop/tax/__init__.py");
  assert.equal(found("shop.tax.rates", "tests/test_tax.py"), "src/shop/tax/rates.py");
  assert.equal(found("helper", "tools/run.py"), "tools/helper.py");
  assert.equal(found("stubs", "tools/run.py"), "stubs.pyi");
  assert.equal(found("json", "src/shop/cart.py"), undefined, "a package is not searched for other modules");
  assert.equal(found("....above", "src/shop/cart.py"), undefined, "beyond the workspace");
  assert.equal(found("os.path", "src/shop/cart.py"), undefined);
});

test("a function is shown by its signature and its docstring's first line", () => {
  const text = [
    "@cached",
    "def total(",
    "    basket: Basket,  # not empty",
    "    *,",
    "    discount: float = 0.0,",
    ") -> float:",
    '    """The sum of a basket.',
    "",
    "    More of it.",
    '    """',
    "    return basket.sum * (1 - discount)",
    "",
    "async def wait(seconds): await sleep(seconds)",
    "if sys.platform == 'win32':",
    "    def only_here(): pass",
    "LIMIT: Final = 3",
    "TABLE = {",
    "    1: 2,",
    "}",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    'def total(basket: Basket, *, discount: float = 0.0) -> float:\n    """The sum of a basket."""',
    "async def wait(seconds): ...",
    "def only_here(): ...",
    "LIMIT: Final = 3",
    "TABLE = ...",
  ]);
});

test("a class is shown by its fields and its public methods' signatures", () => {
  const text = [
    "@dataclass(frozen=True)",
    "class Basket(Base, Generic[T]):",
    '    """What a customer takes.',
    '    """',
    "    owner: str",
    "    _secret = 1",
    "    def __init__(self, owner):",
    "        super().__init__()",
    "        self.owner = owner",
    "        self._cache = {}",
    "        if owner:",
    "            self.items: list[Item] = []",
    "    @property",
    "    def size(self) -> int:",
    "        return len(self.items)",
    "    @logged",
    "    def add(self, item): self.items.append(item)",
    "    def _grow(self): pass",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    [
      "@dataclass(frozen=True)",
      "class Basket(Base, Generic[T]):",
      '    """What a customer takes."""',
      "    owner: str",
      "    _secret = 1",
      "    def __init__(self, owner):",
      "        self.owner = owner",
      "        self.items: list[Item] = []",
      "    @property",
      "    def size(self) -> int: ...",
      "    def add(self, item): ...",
    ].join("\n"),
  ]);
  assert.deepEqual(outlines("class Empty(Exception):\n    pass\n"), ["class Empty(Exception): ..."]);
});

test("the outline of a large class is cut at the end of a line", () => {
  const methods = Array.from(
    { length: 200 },
    (_, i) => `    def method_${i}(self, first, second, third): pass`,
  );
  const [outline = ""] = outlines(["class Large:", ...methods].join("\n"));
  assert.ok(outline.length < 1300);
  assert.match(outline, /third\): \.\.\.\n {4}\.\.\.$/);
});

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
  const documents: Pick<Documents, "watch"> = {
    watch(onChanged) {
      changed = (uri, text) => onChanged({ uri, text, languageId: "python", edit: undefined });
    },
  };
  const open = new OpenFiles(documents, () => parser);
  open.roots = [folder];
  const uri = (path: string) => pathToFileURL(join(folder, path)).href;
  return {
    folder,
    write,
    open: (path: string, text: string) => changed(uri(path), text),
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

test("a name that is used only far from the cursor is not shown", () => {
  const { around } = workspace("far", SHOP);
  const below = "\n".repeat(60);
  assert.deepEqual(around("main.py", `from shop import Basket\nBasket()\n${below}print(`), []);
});

test("a submodule is imported by name, and a package may import itself in a circle", () => {
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

test("an open document's text counts before its file's, and a file that changes is read again", () => {
  const { around, open, write, folder } = workspace("changing", { "lib.py": "def wanted(one): pass\n" });
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
});

test("an open file's part that has the definition is shown in place of its outline", () => {
  const { around, open } = workspace("open", {});
  open("lib.py", "def wanted(one):\n    return one\n");
  assert.deepEqual(around("main.py", "from lib import wanted\nwanted("), [
    { path: "lib.py", text: "def wanted(one):\n    return one\n" },
  ]);
});

test("what was chosen stays while one types, until an import is added", () => {
  const { around } = workspace("stable", { "lib.py": "def first(): pass\n\ndef second(): pass\n" });
  const chosen = around("main.py", "from lib import first\nfirst(abc, ");
  assert.equal(around("main.py", "from lib import first\nfirst(abc, d"), chosen);
  assert.deepEqual(around("main.py", "from lib import first, second\nfirst(abc, second("), [
    { path: "lib.py", text: "def first(): ...\n\ndef second(): ..." },
  ]);
});

test("a package's own file imports its modules, and the choice stays while one types in it", () => {
  const { around } = workspace("package", { "pkg/__init__.py": "", "pkg/sub.py": "def helper(): pass\n" });
  const text = "from . import sub, helper\nsub.helper(abc, ";
  const chosen = around("pkg/__init__.py", text);
  assert.deepEqual(chosen, [{ path: "pkg/sub.py", text: "def helper(): ..." }]);
  assert.equal(around("pkg/__init__.py", `${text}d`), chosen);
});

test("the names used nearest to the cursor come first where there is no room for all", () => {
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
