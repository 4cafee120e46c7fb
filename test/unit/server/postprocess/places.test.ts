import assert from "node:assert/strict";
import { test } from "node:test";
import { assertShown, type Case, shown } from "../../../fakes/growing.ts";

test("a text that closes what is open and reopens it only grows, and fits where it ends", () => {
  const cases: Case[] = [
    ["javascript", "if (\n  a ¦\n) {\n  x();\n}\n", "|| b) && (c)", "|| b) && (c"],
    ["python", "x = foo(\n    a¦\n)\n", ", b) + bar(c)", ", b) + bar(c"],
    ["python", "x = [\n  a¦\n]\n", "[0], b[1]]+[c]", "[0], b[1]]+[c"],
    ["shellscript", 'echo "hello ¦\necho "bye"\n', '$name" | tee "$file"', '$name" | tee "$file"'],
    ["sql", "SELECT 'a¦\nb';", "x', 'y'", "x', 'y"],
    ["sql", "SELECT 'f(g(¦)) END';", "h(1)/i())) END';\nSELECT 1;\n", "h(1)/i()"],
  ];
  assertShown(cases);
});

test("the block of a header over several lines is indented from the header's first line, not its last", () => {
  const file = "def g():\n    return 1\n\n\ndef h():\n    return 2\n\n\n";
  const script = "function g() {\n  return 1;\n}\nfunction h() {\n  return 2;\n}\n";
  const go = "func g() {\n\treturn\n}\nfunc h() {\n\treturn\n}\n";
  const cases: Case[] = [
    ["python", `${file}def f(a,\n      ¦`, "b):\n    return a + b", "b):\n    return a + b"],
    ["python", `${file}def f(\n    a, ¦`, "b):\n    return a + b", "b):\n    return a + b"],
    ["python", `${file}if (a and\n    ¦`, "b):\n    foo()", "b):\n    foo()"],
    ["c", `${script}void f(int a,\n       ¦`, "int b) {\n  foo();\n}", "int b) {\n  foo();\n}"],
    [
      "typescript",
      `${script}export function f(\n  a: number,\n  ¦`,
      "b: number) {\n  return a + b;\n}",
      "b: number) {\n  return a + b;\n}",
    ],
    ["go", `${go}func f(a int,\n\t¦`, "b int) {\n\treturn\n}", "b int) {\n\treturn\n}"],
    // The text counts its columns from the margin.
    ["python", `${file}class A:\n    def f(self,\n          ¦`, "b):\n    return b", "b):\n        return b"],
    // A block is open within the list that is closed.
    ["javascript", `${script}if (f({\n    a,\n    ¦`, "b: 1 })) {\n  c();\n}", "b: 1 })) {\n  c();\n}"],
    // The list is still open: indentation is counted from its line.
    ["javascript", `${script}foo(\n  a, ¦`, "() => {\n    b();\n  });", "() => {\n    b();\n  });"],
  ];
  assertShown(cases);
});

test("a quote that a backslash before the cursor escapes does not end the string", () => {
  assert.equal(shown("console.log('it\\¦');", "'s');", "javascript"), "'s");
  assert.equal(shown('s = f("a\\¦")', '"b")', "python"), '"b');
  assert.equal(shown("x = 'a\\\\¦", "' + b", "python"), "' + b", "an escaped backslash escapes nothing");
});

test("a header keeps its opening brace where its block is below", () => {
  const cases: Case[] = [
    [
      "javascript",
      "function g() {\n  if (value ¦\n    most = 1;\n  }\n  return most;\n}",
      "> most) {",
      "> most) {",
    ],
    ["javascript", "function f(a, ¦\n  return a;\n}", "b) {", "b) {"],
    ["javascript", "items.forEach((item¦\n  use(item);\n});", ", i) => {", ", i) => {"],
    ["c", "void f(int a,\n       ¦\n    return a;\n}", "int b) {", "int b) {"],
    ["javascript", "if (a) {\n  b();\n¦\n}", "} else {", ""],
  ];
  assertShown(cases);
});

test("closers followed by words are shown once they are known not to repeat the line below", () => {
  const below = `export { type Hash, type HashesAround, type TextHash, hashOf, sameHash } from "./textHash.ts";`;
  const marked = `export {\n  wantsCompletion,\n¦\n${below}\n`;
  assert.equal(shown(marked, '} from "./snapshot.ts";\n', "typescript"), '} from "./snapshot.ts";');
});

test("a shown blank before a line feed is not taken back", () => {
  shown("/* a ¦# x\n b */", "ids \n\t# x\n", "javascript");
});

test("a tag that the document closes is not closed again", () => {
  const cases: Case[] = [
    ["html", "<div¦></div>", ' class="x">hello</div>', ' class="x"'],
    ["html", "<div¦></div>\n", ' class="x">hello</div>\n<p>a</p>\n', ' class="x"'],
    ["javascriptreact", "  return <a href={x}¦></a>", ' id="b">go</a>', ' id="b"'],
    ["typescriptreact", "const x = <div¦></div>;", " a={b}>c</div>;", " a={b}"],
    ["html", "<p>¦</p>", "hello", "hello"],
    ["javascriptreact", "  return <img¦/>;", " src={a}/>;", " src={a}"],
  ];
  assertShown(cases);
});

test("a long class is read from one of its methods on, not from within a string", () => {
  const prose = "    It says what the class is for.\n".repeat(250);
  const cases: Case[] = [
    [
      "python",
      `class A:\n    """\n${prose}    """\n\n    def f(self):\n        return 1\n\n    def g(self):¦\n`,
      '\n        """Two."""\n        return 2\n\n    def h(self):\n        return 3\n',
      '\n        """Two."""\n        return 2',
    ],
  ];
  assertShown(cases);
});

test("a string that may span lines is still open where the next quote begins another", () => {
  const cases: Case[] = [
    ["shellscript", 'f() {\n  echo "to¦\n  g "$1"\n}\n', ' [be]"\n  g "$1"\n', ' [be]"'],
    ["shellscript", 'f() {\n  echo "a¦\n}\n', '(b) c" >&2\n}\n', '(b) c" >&2'],
    ["php", "<?php\n$a = 'on¦\n$b = 'two';\n", "e';\n$b = 'two';\n", "e';"],
    ["typescript", `f(\n  \`a \${b¦\n);\nconst c = \`d \${e}\`;\n`, ".c(d)}`\n);\n", ".c(d)}`"],
    ["typescript", `function f() {\n  g(\`a \${b¦\n}\n`, ".c}`);\n}\n", ".c}`);"],
    ["rust", 'fn f() {\n  g("a¦\n  g("b");\n}\n', 'b {}", c);\n  g("b");\n', 'b {}", c);'],
    ["sql", "select 'a¦\nfrom b where c = 'd';\n", "b(', c\nfrom b where c = 'd';\n", "b(', c"],
    ["sql", "select 'a¦\nb', c;\n", "d' || 'e\n", "d' || 'e"],
    ["typescript", `const a = \`b¦\n  c \${d}\`;\n`, " e`;\n", " e"],
  ];
  assertShown(cases);
});

test("the patterns of later branches close nothing at the cursor", () => {
  const branches = "\n    ;;\n  b | c)\n    z\n    ;;\nesac\n";
  const cases: Case[] = [
    [
      "shellscript",
      `case $1 in\n  a)\n    x=($(f "$y"¦${branches}`,
      ' -- "$z"))\n    ;;\n  b | c)\n',
      ' -- "$z"))',
    ],
    ["shellscript", `case $1 in\n  a)\n    (( x¦${branches}`, " > 1 )) && f\n    ;;\n", " > 1 )) && f"],
    ["shellscript", "x=$(f ¦\n)\ny\n", "a) b\n", "a"],
  ];
  assertShown(cases);
});

test("the white space of a text that is indented as its document is kept", () => {
  const above = "int f()\n{\n  for (;;)\n    {\n      if (a)\n\t{\n\t  b();\n\t  c();\n\t}\n";
  const raw = "{\n\t  e();\n\t    g();\n\t}";
  const wide = "sub f {\n    if ($a) {\n\tb();\n\tc();\n    }\n    if ($d) {";
  const block = "\n\tif ($e) {\n\t    g();\n\t}\n    }";
  assertShown([
    ["cpp", `${above}      while (d)\n\t¦\n    }\n}\n`, `${raw}\n`, raw],
    ["cpp", "\tif (a)\n\t¦\n  b;\n", "{\n\t    b();\n\t}\n", "{\n\t\tb();\n\t}"],
    ["makefile", "a: b\n\t¦\n\nc: d\n\te\n", '@f \\\n\t      "g"\n', '@f \\\n\t      "g"'],
    [
      "perl",
      "sub f {\n    a();\n}\n\n  b\n\nsub g {\n    c();\n}\n\nsub h {¦\n",
      "\n    d();\n}\n",
      "\n    d();\n}",
    ],
    ["perl", `${wide}¦\n}\n`, `${block}}\n`, block],
  ]);
});

test("a blank before the closing brace that follows is kept", () => {
  const cases: Case[] = [
    ["typescript", "const a = { b, ¦};\n", "c ", "c "],
    ["typescript", 'import { a, ¦} from "b";\n', "c ", "c "],
    ["rust", "    S { a, ¦}\n", "b ", "b "],
    ["typescript", "const a = {¦};\n", " ", ""],
    ["typescript", "f(a, ¦);\n", "b ", "b"],
  ];
  assertShown(cases);
});

test("a header equal to the one below is shown where its block is another one", () => {
  const cases: Case[] = [
    ["sql", "select 1;\n\n¦\n\ncheck (\n  a > 0\n);\n", "check (\n  b < 7\n);\n", "check (\n  b < 7\n);"],
    ["sql", "select 1;\n\n¦\n\ncheck (\n  a > 0\n);\n", "check (\n  a > 0\n);\n", ""],
    [
      "cpp",
      "int a;\n\n¦\n\nconstexpr bool operator<(Point left, Point right) {\n  return below(left, right);\n}\n",
      "constexpr bool operator>(Point left, Point right) {\n  return right < left;\n}\n",
      "constexpr bool operator>(Point left, Point right) {\n  return right < left;\n}",
    ],
  ];
  assertShown(cases);
});

test("a separator in the line below is not repeated", () => {
  const branch = "case $1 in\n  a)\n    ¦\n    ;;\n  c)\n    z\n    ;;\nesac\n";
  const cases: Case[] = [
    ["shellscript", branch, "x\n    ;;\n  c)\n", "x"],
    ["shellscript", branch, "x\n    y\n    ;;\n", "x\n    y"],
    ["ocaml", "let f () =\n  a ();\n  ¦\n  ;;\n", "b ()\n  ;;\n", "b ()"],
  ];
  assertShown(cases);
});

test("a here-document is a string up to the line of its mark", () => {
  const cases: Case[] = [
    [
      "shellscript",
      "usage() {\n  ¦\n}\n\nusage\n",
      "cat <<EOF\nUsage: $0 (don't) [\n\n  -h  help\nEOF\n}\n\nusage\n",
      "cat <<EOF\nUsage: $0 (don't) [\n\n  -h  help\nEOF",
    ],
    ["shellscript", "cat <<EOF\n¦\nEOF\n", "It's (\nEOF\necho\n", "It's ("],
    ["shellscript", "cat <<EOF¦\n", "\nit's\nEOF\n", "\nit's\nEOF"],
    [
      "ruby",
      "def f\n  ¦\nend\n",
      "puts <<~TEXT\n    Don't (\n  TEXT\nend\n",
      "puts <<~TEXT\n    Don't (\n  TEXT",
    ],
  ];
  assertShown(cases);
});

test("a mark or a quote of several characters is never shown in part and then taken back", () => {
  const cases: Case[] = [
    ["shellscript", "¦\n", "cat <<'EOF'\nit's\nEOF\n", "cat <<'EOF'\nit's\nEOF"],
    ["rust", "g('¦');\n", "(');\nh();\n", "(');"],
    ["rust", "f(¦);\n", 'ar, r##"a "# ("##);\n', 'ar, r##"a "# ("##);'],
    ["rust", "f(¦);\n", "'\\'', ''', '\\u{1F600}', '\\x41', b);\n", "'\\'', ''', '\\u{1F600}', '\\x41', b);"],
    ["lua", "endb c\nEOF,¦/${=~ /]==][==[\n", "{}[==[\n", "{}"],
    ["powershell", "f ¦\n", '$a@"\nsay "hi\n"@\n', '$a@"\nsay "hi\n"@'],
  ];
  assertShown(cases);
});

test("the text of a block scalar is plain, and its key's next line is not", () => {
  assertShown([
    ["yaml", "- run: |\n    ¦\n- b: 1\n", "echo 'a (b\n    echo c\n- b: 1\n", "echo 'a (b\n    echo c"],
    ["yaml", "- run: ¦\n- b: 1\n", "|\n    echo 'a (b\n- b: 1\n", "|\n    echo 'a (b"],
    ["yaml", "a: |\n  it's\n¦\n", "b: ['c', 'd']\n", "b: ['c', 'd']"],
    ["yaml", "a: |\n  it = 'b\nc: [¦]\n", "d, 'e'\n", "d, 'e'"],
  ]);
});

test("a label belongs to its block from its first letter on", () => {
  const labelled = "f();\n    break;\n  default:\n    g();\n}\n";
  assertShown([
    ["javascript", "switch (a) {\n  case 1:\n    ¦\n}\n", labelled, "f();\n    break;\n  default:\n    g();"],
    [
      "cpp",
      "class A {\npublic:\n    ¦\n};\n",
      "int a;\nprivate:\n    int b;\n};\n",
      "int a;\nprivate:\n    int b;",
    ],
    ["javascript", "{\n  {\n    ¦\n  }\n}\n", "f();\n  de();\n", "f();"],
  ]);
});

test("a script within markup is completed in its own language", () => {
  assertShown([
    [
      "html",
      "<script>\n  ¦\n</script>\n",
      'function f() {\n    g("it\'s");\n    return 1;\n  }\n</script>\n',
      'function f() {\n    g("it\'s");\n    return 1;\n  }',
    ],
    [
      "html",
      "<script>\n  f(¦);\n</script>\n",
      "() => {\n    g();\n  });\n</script>\n",
      "() => {\n    g();\n  });",
    ],
    [
      "html",
      "<style>\n  .a {¦}\n</style>\n",
      "\n    color: red;\n    margin: 0;\n  }\n</style>\n",
      "\n    color: red;\n    margin: 0;\n  }",
    ],
    ["vue", "<p>Don't use ` here</p>\n<script>\nf(`¦`);\n</script>\n", "a`);\n</script>\n", "a`);"],
    ["html", "<script>\n  f('(');\n</script>\n<p>¦</p>\n", "it's (here</p>\n", "it's (here"],
  ]);
});

test("the next member of a series is shown although it nearly equals the line below", () => {
  const calls = "alter function isdefined(hstore, text) parallel safe;\n¦\n";
  const next = "alter function delete(hstore, text[]) parallel safe;\n";
  const member = "alter function delete(hstore, text) parallel safe;";
  const expects =
    "void f() {\n  expect(got.b, equals(wanted.b));\n  ¦\n  expect(got.d, equals(wanted.d));\n}\n";
  assertShown([
    ["sql", calls + next, `${member}\n${next}`, member],
    ["sql", calls + next, next, ""],
    ["sql", `select 1;\n¦\n${next}`, `${member}\n`, ""],
    ["dart", expects, "expect(got.i, equals(wanted.i));\n", "expect(got.i, equals(wanted.i));"],
    ["dart", expects, "expect( got.d, equals(wanted.d) );\n", ""],
    [
      "cpp",
      "bool operator<(A a, A b) {\n  return a.c < b.c;\n}\n\n¦\n\nbool operator<=(A a, A b) {\n  return a < b || a == b;\n}\n",
      "bool operator>=(A a, A b) {\n  return a > b || a == b;\n}\n",
      "bool operator>=(A a, A b) {\n  return a > b || a == b;\n}",
    ],
  ]);
});

test("the line below is not repeated where it closes what is open before its end", () => {
  const evaluated = 'eval "f () {\n    a\n    ¦\n    b\n  }"\ndone\n';
  assertShown([
    [
      "solidity",
      "function f(\n    ¦\n) external returns (bytes memory);\n",
      "address a\n) external returns (bytes memory);\n",
      "address a",
    ],
    ["xml", "<!-- a\n\n     ¦\n\n     b c.  -->\n<d>\n", "e/f.tbl\n\n     b c.  -->\n<d>\n", "e/f.tbl"],
    ["shellscript", evaluated, 'c\n    b\n  }"\ndone\n', "c"],
  ]);
});

test("a list of Lisp is still open where the line below is no deeper than its opener", () => {
  const below = '    (expect "x"\n            (buffer-string))))\n';
  assertShown([
    [
      "lisp",
      `(defun f (a)\n  (with-b\n    (save-excursion ¦\n${below}`,
      `(insert after))\n${below}`,
      "(insert after))",
    ],
    ["lisp", "(defun f (a)\n  (g ¦))\n", "a)\n  (h b", "a)"],
    ["lisp", "(defun f (a)\n  (g a)\n  ¦)\n\n(defun h ())\n", "(k b))\n", "(k b))"],
    ["clojure", "(defn f [a]\n  (let [b (g ¦\n    (h b)))\n", "a)]\n    (h b)))\n", "a)]"],
    ["clojure", "(defn f [a]\n  (let [b (g ¦\n;; (h)\n    (h b)))\n", "a)]\n    (h b)))\n", "a)]"],
  ]);
});

test("a blank before the closer that follows is kept where one follows the opener", () => {
  assertShown([
    ["elm", 'f a =\n    g [ ( "a", ¦)\n', "h a ", "h a "],
    ["elm", 'f a =\n    g ( "a", ¦)\n', "( b ) ", "( b ) "],
    ["sql", "CREATE FUNCTION f( a, ¦)\nRETURNS b\n", "b ", "b "],
    ["shellscript", "if [ ¦]; then\n", '-f "$a" ', '-f "$a" '],
    ["python", "f(a, ¦)\n", "b ", "b"],
  ]);
});

test("a block whose header goes on in deeper lines is not closed again where the document closes it", () => {
  const throwing =
    "class A {\n    void f()\n            throws B {\n        ¦\n    }\n\n    void g() {}\n}\n";
  const inner = "class A {\n  A()\n      : b = 1 {\n    if (b) {\n      ¦\n    }\n  }\n\n  // c\n}\n";
  assertShown([
    ["java", throwing, "h();\n    }\n\n    void i() {\n", "h();"],
    [
      "csharp",
      "void F<A>()\n    where A : B {\n    ¦\n}\n\n// c\nint d;\n",
      "g();\n}\n\nvoid H() {\n",
      "g();",
    ],
    ["dart", inner, "d();\n    }\n  }\n\n  // e\n", "d();"],
    [
      "proto3",
      "service A {\n  rpc B(C)\n      returns (D) {\n    ¦\n  }\n\n  // c\n}\n",
      "option (a) = {\n      b: 1\n    };\n  }\n\n  // d\n",
      "option (a) = {\n      b: 1\n    };",
    ],
    ["java", "class A {\n    void f() {\n        ¦\n}\n", "h();\n    }\n}\n", "h();\n    }"],
  ]);
});

test("lines of a makefile that are no recipe keep their spaces", () => {
  const raw = "B = c\n    D = e\n";
  assertShown([
    ["makefile", "ifdef A\n    ¦\nendif\n\nf:\n\tg\n", raw, "B = c\n    D = e"],
    ["makefile", "f:\n\t¦\n", "g\n    h\n", "g\n\th"],
  ]);
});
