import assert from "node:assert/strict";
import { test } from "node:test";
import { Filters } from "../../../../datastores/filters/pipeline.ts";
import { type SyntaxFigures, syntaxReason } from "../../../../datastores/filters/syntax.ts";
import { loadPythonSyntax } from "../../../../server/corpus/pythonSyntax.ts";

const read = await loadPythonSyntax();
const reason = (text: string, path = "a.py") => syntaxReason(text, path, read);

test("a file with a statement that only Python 2 has is left out", () => {
  for (const text of [
    "print 'a'",
    "for x in y: print x, x",
    "exec code in names",
    "try:\n    f()\nexcept IOError, e:\n    pass",
    "raise ValueError, 'no'",
    "if a <> b:\n    pass",
    "size = 10L",
    "raise E, m\nprint(`size`)",
    "raise E, m\ndef f((a, b), c):\n    return c",
    "print\t'%s' % lambda_of(lambda (a, b): a)",
  ])
    assert.equal(reason(`${text}\n`), "python2", text);
});

test("text that looks like Python 2 within strings, comments and Python 3 is kept", () => {
  for (const text of [
    '"""Prints:\n\n    print "a"\n\nexcept E, e: raise E, e\n"""',
    "# print 'a'",
    "print >>file, x",
    "print -1",
    "print = 3",
    "try:\n    f()\nexcept (A, b):\n    pass",
    "try:\n    f()\nexcept IOError, OSError:\n    pass",
    "query = 'a <> b'",
    "x = [print (1), exec (y)]",
  ])
    assert.equal(reason(`${text}\n`), undefined, text);
});

test("a code template is broken, and a file that quotes one is not", () => {
  const line = "value = compute(first, second)\n";
  const template = `{% if cookiecutter.a == "y" %}\n${line}{% endif %}\n`;
  assert.equal(reason(template.repeat(10)), "broken");
  assert.equal(reason(`TEMPLATE = """\n${template}"""\n${line}`), undefined);
  assert.equal(reason(`${line.repeat(20)}{% raw %}\n${line.repeat(20)}`), undefined);
});

test("only Python files that may contain something else are parsed", () => {
  const parsed: string[] = [];
  const spy = (text: string): SyntaxFigures => {
    parsed.push(text);
    return { wrong: 0, python2: 1 };
  };
  assert.equal(syntaxReason("a = (\n", "a.py", spy), undefined);
  assert.equal(syntaxReason("print 'a'", "a.pl", spy), undefined);
  assert.equal(syntaxReason(`print 'a'${"\n".repeat(1 << 20)}`, "a.py", spy), undefined);
  assert.deepEqual(parsed, []);
  assert.equal(syntaxReason("print 'a'", "a.pyi", spy), "python2");
  assert.deepEqual(parsed, ["print 'a'"]);
});

test("a build leaves Python 2 files out and remembers nothing of them", () => {
  const text = `def f(first, second):\n    print "the sum", first + second\n`;
  const document = { text, origin: "a", path: "a.py", repositories: [], licences: [], contentId: "" };
  const filters = new Filters({ licences: "any", unknownLicence: "keep", syntax: read });
  for (let i = 0; i < 2; i++)
    assert.deepEqual(filters.judge(document), { kind: "dropped", reason: "python2" });
  assert.equal(new Filters({ licences: "any", unknownLicence: "keep" }).judge(document).kind, "taken");
});
