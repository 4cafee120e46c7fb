import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonDefinitions } from "../../../../server/syntax/pythonOutline.ts";
import { read } from "./read.ts";

const outlines = (text: string) => read(text, "python", pythonDefinitions).map(({ outline }) => outline);

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

test("a docstring is shown in quotes that it does not contain, and other first strings are not docstrings", () => {
  const first = (string: string) => outlines(`def f():\n    ${string}`)[0]?.split("\n    ")[1];
  assert.equal(first(`"""The "worker bees"\n    of it."""`), `'''The "worker bees"'''`);
  assert.equal(first(`'He says """ here'`), `'''He says """ here'''`);
  assert.equal(first(`R"It's it'"`), `"""It's it'"""`);
  assert.equal(first(`"""Goes on \\\n    here."""`), `"""Goes on"""`);
  for (const other of [`f"Not {it}"`, `b"bytes"`, `rb"bytes"`, `" "`])
    assert.deepEqual(outlines(`def f():\n    ${other}`), ["def f(): ..."]);
});

test("definitions in the blocks of the module's statements count, and so do named types", () => {
  const blocks = [
    "try:\n    A = 1\nexcept* E:\n    B = 1\nelse:\n    C = 1\nfinally:\n    D = 1",
    "for each in all:\n    F = 1\nelse:\n    G = 1",
    "while True:\n    H = 1",
    "with it as own:\n    K = 1",
    "match it:\n    case 1:\n        L = 1",
    `type Vector = list[float]\ntype Table[K] = dict[${"K, ".repeat(50)}K]`,
  ];
  assert.deepEqual(
    outlines(blocks.join("\n")),
    [..."ABCDFGHKL"].map(name => `${name} = 1`).concat("type Vector = list[float]", "type Table[K] = ..."),
  );
});

test("32 methods of a class are shown, however many lines describe them", () => {
  const property = (i: number) => `    @property\n    def p${i}(self): ...`;
  const all = Array.from({ length: 33 }, (_, i) => property(i));
  assert.deepEqual(outlines(["class A:", ...all].join("\n")), [["class A:", ...all.slice(0, 32)].join("\n")]);
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

test("text like a comment within a string stays, and many blanks are handled", () => {
  assert.deepEqual(outlines('def f(sep=" # ", other=1):#none\n    pass'), ['def f(sep=" # ", other=1): ...']);
  const [outline = ""] = outlines(`def f(a,${" ".repeat(100_000)}b): pass`);
  assert.ok(outline.startsWith("def f(a,"));
});
