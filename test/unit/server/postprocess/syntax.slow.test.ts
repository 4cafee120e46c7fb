import assert from "node:assert/strict";
import { before, test } from "node:test";
import { shape } from "../../../../server/postprocess/shape.ts";
import { grammars, place, shown } from "../../../fakes/places.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { until } from "../../../fakes/until.ts";

const LANGUAGES = ["python", "javascript", "typescript", "typescriptreact", "go", "rust", "java", "c", "cpp"];

before(async () => {
  for (const id of LANGUAGES) await grammars.load(id);
});

test("every language with rules has a grammar that loads", () => {
  for (const id of LANGUAGES) assert.ok(grammars.parser(id), id);
});

test("only the first of several statements is shown, and all once the text ends or meets the document's", () => {
  const at = "def f(a):\n    x = 1\n    ‸\n    return x\n";
  assert.deepEqual(shown(at, "x += a\n"), { text: "x += a" });
  assert.deepEqual(shown(at, "x += a\n    x += b\n"), { text: "x += a" });
  assert.deepEqual(shown(at, "x += a\n    x += b\n", "python", true), { text: "x += a\n    x += b" });
  assert.deepEqual(shown(at, "x += a\n    x += b\n    return x\n"), {
    text: "x += a\n    x += b",
    stopped: "suffix",
  });
  assert.deepEqual(shown(at, "x += a\n\n\ndef g():\n", "python", true), {
    text: "x += a",
    stopped: "statementEnd",
  });
  assert.equal(shown("import os\n‸", "import sys\n").text, "import sys");
});

test("where a text ends does not depend on how the model's tokens divide it", () => {
  for (const [languageId, marked, raw, expected] of [
    ["python", "run(\n    ‸\n)\n", "a=True,\n    b=False,\n)\n", "a=True,\n    b=False,"],
    ["typescript", "run(\n  ‸\n);\n", "a,\n  b,\n);\n", "a,\n  b,"],
    ["python", "xs = [\n    ‸\n]\n", "1,\n    2,\n]\nprint(xs)\n", "1,\n    2,"],
  ] as const) {
    const { place: at, dispose } = place(marked, languageId);
    try {
      for (const size of [1, 2, 3, raw.length]) {
        let shaped = shape("", at, false);
        for (let end = size; shaped.stopped === undefined && end < raw.length + size; end += size)
          shaped = shape(raw.slice(0, end), at, false);
        assert.equal(shaped.text, expected, `${marked} by ${size}`);
      }
    } finally {
      dispose();
    }
  }
});

test("a list or a literal within a jump statement goes on after each of its members", () => {
  for (const [languageId, marked, raw] of [
    ["typescript", "function f() {\n  return [\n    ‸\n  ];\n}\n", "a,\n    b(),\n    c,"],
    ["typescript", "function f() {\n  return {\n    a,\n    ‸\n  };\n}\n", "b: 1,\n    c: g(),\n    d: 2,"],
    ["javascript", "throw new Fault(\n  ‸\n);\n", 'text + "a",\n  cause,\n  2,'],
    ["go", "func f() []int {\n\treturn []int{\n\t\t‸\n\t}\n}\n", "one(),\n\t\ttwo(),\n\t\t3,"],
    ["python", "def f():\n    return [\n        ‸\n    ]\n", "a,\n        b(),\n        c,"],
  ] as const)
    assert.equal(shown(marked, raw, languageId, true).text, raw, marked);
});

test("a list that the cursor's line opens is shown up to its end, however the text goes on", () => {
  for (const [languageId, marked, list, following] of [
    ["javascript", "const xs = [‸\n", "\n  a,\n  b,\n];", "\n\nrun(xs);\n"],
    ["typescript", "function f() {\n  const x = make(‸\n", "\n    a,\n    b\n  );", "\n  run(x);\n"],
    [
      "typescript",
      "interface A {\n  f(‸\n",
      "\n    a: string,\n    b?: number\n  ): void;",
      "\n  g(): void;\n",
    ],
    ["go", "package a\n\nimport (‸\n", '\n\t"fmt"\n\n\t"os"\n)', "\n\nfunc f() {\n"],
    ["python", "x = make(‸\n", "\n    a,\n    b,\n)", "\nprint(x)\n"],
  ] as const)
    assert.equal(shown(marked, list + following, languageId).text, list, marked);
  assert.equal(shown("const xs = make(‸\n", "a\nrun(xs);\n", "javascript").text, "a");
});

test("a block ends after a jump statement", () => {
  const at = "def f(a):\n    x = 1\n    ‸\n    x = 2\n";
  const jump = { text: "return x", stopped: "statementEnd" };
  assert.deepEqual(shown(at, "return x\n    x = 3\n", "python", true), jump);
  assert.equal(
    shown(at, "if a:\n        return x\n    x = 3\n", "python", true).text,
    "if a:\n        return x\n    x = 3",
  );
});

test("a statement continues while brackets, strings or operators are open", () => {
  const at = "‸\nprint(x)\n";
  for (const [raw, text] of [
    ["x = [\n    1,\n    2,\n]\ny", "x = [\n    1,\n    2,\n]"],
    ['x = """a\nb\n\n\nc"""\ny', 'x = """a\nb\n\n\nc"""'],
    ["x = 1 + \\\n    2\ny", "x = 1 + \\\n    2"],
    ["# the sum\nx = a + b\ny", "# the sum\nx = a + b"],
    ["@cached\ndef f():\n    return 1\n\ny", "@cached\ndef f():\n    return 1"],
  ] as const)
    assert.equal(shown(at, raw).text, text, raw);
});

test("a compound statement is completed with its body and clauses", () => {
  const at = "def f(a):\n    x = 1\n    ‸\n    return x\n";
  const raw = "if a:\n        x = 2\n    else:\n        x = 3\n    y = x\n";
  assert.equal(shown(at, raw).text, "if a:\n        x = 2\n    else:\n        x = 3");
  assert.equal(shown(at, "if a:\n        x = 2\n    elsewhere = 1\n").text, "if a:\n        x = 2");
  assert.equal(shown(at, "if a:\n        x = 2\n    els").text, "if a:\n        x = 2", "not yet a clause");
});

test("a comment after a header is handled in a document that begins with an empty line", () => {
  const at = "\n\ndef f():  # the first\n    # and only\n    ‸\n\ng()\n";
  assert.equal(shown(at, "x = 1\n    return x\n\n\ng()").text, "x = 1\n    return x");
});

test("only the block is completed after a header", () => {
  const raw = "\n    x = 1\n    return x\n\ndef g():\n";
  assert.equal(shown("def f():‸", raw).text, "\n    x = 1\n    return x");
  assert.equal(shown("def f():\n    ‸\n\ndef g():\n    pass", raw.slice(5)).text, "x = 1\n    return x");
});

test("only a header is completed where the document already has its block", () => {
  const at = "def f(a):\n    ‸\n        print(x)\n";
  assert.equal(shown(at, "for x in a:\n").text, "for x in a:");
});

test("a block continues at its end, unless its last statement leaves it", () => {
  const raw = "x = 1\n    y = 2\n";
  assert.equal(shown("def f():\n    w = 0\n    ‸\n\ng()", raw).text, "x = 1\n    y = 2");
  assert.equal(shown("def f():\n    return (\n        0)\n    ‸\n\ng()", raw).text, "x = 1");
});

test("a closer that the document has after the cursor is not repeated", () => {
  const js = "function f() {\n  ‸\n}\n";
  assert.deepEqual(shown(js, "return 1;\n}\n\nfunction g() {", "javascript"), {
    text: "return 1;",
    stopped: "bracket",
  });
  const open = "function f() {\n  ‸\n\nfunction g() {\n}\n";
  assert.equal(shown(open, "return 1;\n}\n\nfunction h() {", "javascript").text, "return 1;\n}");
});

test("a closer that closes nothing ends the text", () => {
  assert.deepEqual(shown("x = ‸\n", "f(1))\n"), { text: "f(1)", stopped: "bracket" });
  assert.equal(shown("x = f(‸)\n", "a, b)\n").text, "a, b)", "the item's range covers this one");
  assert.equal(shown("x = f(‸)\n", "a, b) + c)\n").text, "a, b) + c");
  assert.equal(shown("x = f(‸\n", "a, b)\ny").text, "a, b)", "the document lacks it");
  assert.equal(shown("x = ‸\n", "')' + '}' # )\n").text, "')' + '}' # )", "quoted or in a comment");
  assert.equal(shown('print("‸")\n', 'a)b")\n').text, 'a)b")');
});

test("a bracket on the cursor's line is open unless the document closes it there or at its depth", () => {
  const calls = "\nassert_close(a, b)\n".repeat(600);
  assert.equal(shown(`assert_close(‸\n${calls}`, "a, c)\n").text, "a, c)");
  const inner = "f(\n    g(‸\n)\n";
  assert.equal(shown(inner, "a)\n").text, "a)", "what follows at the margin closes the outer one");
  assert.equal(shown("f(g(‸))\n", "a) + b)\n").text, "a) + b)");
});

test("brackets in regular expressions and character literals are ignored", () => {
  assert.equal(shown("let a = ‸\n", "/[)\\]}]/.test(b / c)\n", "javascript").text, "/[)\\]}]/.test(b / c)");
  assert.equal(shown("let a = ‸\n", "b(')', '\\'');\n", "rust").text, "b(')', '\\'');");
});

test("statements of other languages end in the same way", () => {
  for (const [id, at, raw, text] of [
    ["javascript", "let a = 1;\n‸\nlet c = 3;\n", "let b = 2;\nlet d", "let b = 2;"],
    ["javascript", "let a = 1;\n‸", "let b = f()\n  .g()\n  .h()\nlet d", "let b = f()\n  .g()\n  .h()"],
    ["typescript", "‸", "interface A {\n  b: string;\n}\nlet", "interface A {\n  b: string;\n}"],
    ["typescriptreact", "‸", "const a = <b>c</b>;\nlet", "const a = <b>c</b>;"],
    ["go", "package a\n\nfunc f() {\n\tx := 1\n\t‸\n\ty := 2\n}\n", "x++\n\ty", "x++"],
    [
      "rust",
      "fn f() {\n    let a = 1;\n    ‸\n    b\n}\n",
      "let b: &'a str = g(')');\n    b",
      "let b: &'a str = g(')');",
    ],
    [
      "java",
      "class A {\n  void f() {\n    int a;\n    ‸\n    int c;\n  }\n}\n",
      "int b =\n        2;\n    int c;",
      "int b =\n        2;",
    ],
    [
      "c",
      "int f() {\n  int a;\n  ‸\n  return a;\n}\n",
      "if (a) {\n    a = 1;\n  } else {\n    a = 2;\n  }\n  b",
      "if (a) {\n    a = 1;\n  } else {\n    a = 2;\n  }",
    ],
    ["cpp", "int f() {\n  int a;\n  ‸\n  return a;\n}\n", "a = 1;\n  b", "a = 1;"],
  ] as const)
    assert.equal(shown(at, raw, id).text, text, id);
});

test("a text that runs into what follows the cursor ends before it, despite other blanks and small differences", () => {
  const at = "def f(values):\n    ‸\n    total = sum(values) / len(values)\n    return total\n";
  assert.equal(shown(at, "x = 1\n    total=sum(values)/len(values)\n").text, "x = 1");
  assert.equal(shown(at, "total = sum(values) / len(value)\n", "python", true).text, "");
  assert.notEqual(shown(at, "total = max(values)\n").text, "");
  const members = "‸\nfirst_index = names.index(name_2)\n";
  assert.equal(
    shown(members, "first_index = names.index(name_1)\n").text,
    "first_index = names.index(name_1)",
  );
});

test("the rest of the line is left out when it is generated again", () => {
  assert.equal(shown("x = ‸b + c\n", "a * b + c\n").text, "a * ", "the blank belongs before the rest");
  assert.equal(shown("x = ‸b + c\n", "a * b +").text, "a *");
  assert.equal(shown("x = ‸b + c\n", "a * b - ").text, "a * b -");
  assert.equal(shown("x = [‸ for x in y]\n", "f(x) for x in y]\n").text, "f(x)");
});

test("a pattern repeated many times ends the text, and tables and rulers do not", () => {
  assert.equal(shown("x = ‸\n", "self.parent.".repeat(40)).stopped, "repetition");
  assert.equal(shown("x = ‸\n", `[${"0, ".repeat(60)}]\n`).text, `[${"0, ".repeat(60)}]`);
  assert.equal(shown("‸\n", `# ${"-".repeat(100)}\nx = 1\n`).text, `# ${"-".repeat(100)}\nx = 1`);
  const lines = "a()\n    b()\n    ".repeat(5);
  assert.equal(shown("def f():\n    ‸", lines).text, "a()\n    b()\n    a()\n    b()\n    a()");
});

test("the document's indentation is kept", () => {
  assert.equal(
    shown("def f():\n\tx = 1\n\tif x:\n\t\t‸\n", "y = 1\n        z = 2\n").text,
    "y = 1\n\t\tz = 2",
  );
  assert.equal(shown("def f():\n  x = 1\n  if x:\n    ‸\n", "y = 1\n\t\tz = 2\n").text, "y = 1\n    z = 2");
  const quoted = "def f():\n\tx = 1\n\tif x:\n\t\t‸\n";
  assert.equal(shown(quoted, 'y = """\n        z"""\n').text, 'y = """\n        z"""', "not in strings");
});

test("indentation that the cursor already has is not repeated, except in strings", () => {
  assert.equal(shown("def f():\n    ‸\n\ng()", "    x = 1\n    return x\n").text, "x = 1\n    return x");
  assert.equal(shown('def f():\n    """\n    ‸\n    """\n', "    - a list\n").text, "    - a list");
});

test("indentation rules apply where there are syntax errors before the cursor", () => {
  const at = "def f(:\n  )) = [\nclass\ndef g():\n    ‸\n";
  assert.match(shown(at, "x = 1\n    y = 2\nz = 3\n").text, /^x = 1/);
  assert.doesNotMatch(shown(at, "x = 1\n    y = 2\nz = 3\n").text, /z/);
});

const PIECES = [
  ...'a|b = 1|\n|\n    |\n        |\n\t|\n\n| |)|(|[|]|{|}|:|"|\'|"""|`|#|//|/*|*/|\\|return total|if x:|else:|@x'.split(
    "|",
  ),
  "\r\n",
  "é",
  "e\u0301",
  "🙂",
  "שלום",
  ";",
  "let x = ",
  "self.a.",
  "    return total",
  "```",
  "total + 1",
  "\ufffd",
  ",",
  "${",
];
const PLACES: [string, string][] = [
  ["def f(a):\n    ‸", "python"],
  ["def f(‸", "python"],
  ["x = f(‸)", "python"],
  ["def f(a):\n    ‸\n    return total\n", "python"],
  ["class A:\n\tdef f(self):\n\t\t‸\n\n\tdef g(self):\n\t\tpass", "python"],
  ["x = '🙂‸'\r\ny = 2\r\n", "python"],
  ["x = ‸total + 1\n", "python"],
  ['def f():\n    """‸\n', "python"],
  ["function f() {\n  ‸\n}\n", "javascript"],
  ["function f(a) {\n  g(‸\n", "javascript"],
  ["fn f<'a>() {\n    ‸\n}\n", "rust"],
  ["int main() {\n  if (a) ‸\n}\n", "c"],
  ["\n\n# a\ndef f():  # b\n    # c\n    ‸", "python"],
  ["text ‸", "plaintext"],
  ["const a = b.map(‸);\n", "javascript"],
  ["const a = {‸};\n", "typescript"],
  ["f(a, ‸, b)\n", "typescript"],
  ["x = ‸  # total\n", "python"],
  ['print(f"{‸}")\n', "python"],
  ["def f():\n‸\n", "python"],
  ["import os\nreturn total\n‸", "python"],
  ["class A:\n\tdef f(self):\n\t\tif x:\n\t\t‸\n", "python"],
  ["build:\n‸\n", "makefile"],
  ["def f(n):\n‸    return m\n", "python"],
  ["case 1:\n  ‸\n", "shellscript"],
  ["<p title=‸></p>\n", "html"],
];

test("a text shaped by syntax also only grows, and is the same as when shaped at once", () => {
  const random = seeded(7);
  for (let round = 0; round < 4000; round++) {
    const [marked, id] = PLACES[round % PLACES.length] as [string, string];
    const { place: at, dispose } = place(marked, id);
    let raw = "";
    let last = "";
    for (let i = 0; i < 24; i++) {
      raw += PIECES[below(random, PIECES.length)];
      const next = shape(raw, at, i === 23);
      const told = `${JSON.stringify(last)} was taken back by ${JSON.stringify(raw)} in ${JSON.stringify(marked)}`;
      assert.ok(next.text.startsWith(last), told);
      assert.doesNotMatch(next.text, /[\ud800-\udfff]/u, "half a character");
      last = next.text;
      if (!next.stopped) continue;
      const { place: again, dispose: free } = place(marked, id);
      assert.deepEqual(shape(raw, again, i === 23), next, JSON.stringify(raw));
      free();
      if (i === 23) break;
      const more = shape(`${raw}x = 1\n)`, at, true);
      assert.deepEqual(more, next, `stopped, but ${JSON.stringify(raw)} went on`);
      break;
    }
    dispose();
  }
});

test("half a surrogate pair at the end waits for its other half", () => {
  assert.equal(shown("x = ‸", "a\ud83d").text, "a");
  assert.equal(shown("x = ‸", "a\ud83d\ude42").text, "a🙂");
});

test("the place is found in a line of five million characters and below a hundred thousand lines", () => {
  const { place: long, dispose } = place(`${"x".repeat(5_000_000)}‸`);
  assert.ok(shape("y\n", long, false).text.length < 10);
  dispose();
  const { place: deep, dispose: free } = place(
    `${"class A:\n    def f(self):\n        pass\n".repeat(50_000)}\n‸`,
  );
  assert.equal(shape("x = 1\n", deep, false).text, "x = 1");
  free();
});

test("thousands of brackets or operators in a row are read in bounded time", async () => {
  for (const languageId of ["python", "typescript"]) {
    grammars.prepare(languageId);
    await until("the grammar", () => grammars.isSettled(languageId));
    for (const before of [
      "x = [".padEnd(8_000, "["),
      `x = ${"-".repeat(8_000)}`,
      `x = ${"f(".repeat(4_000)}`,
    ]) {
      const start = performance.now();
      for (const raw of ["1", "1, 2]\n", "1, 2]\nx = 3\n"])
        assert.equal(typeof shown(`${before}‸`, raw, languageId).text, "string");
      assert.ok(performance.now() - start < 8_000, `${performance.now() - start} ms`);
    }
  }
});
