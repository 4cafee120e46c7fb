import { test } from "node:test";
import { assertShown } from "../../../fakes/growing.ts";

test("a bracket in text that the document closes after the cursor is not closed again", () => {
  assertShown([
    ["latex", "\\usepackage[¦]\n", "scaled=0.95]{helvet}\n\\x\n", "scaled=0.95]{helvet}"],
    ["latex", "for f(x) \\left(¦)}\n", "a(b)\\right) c}\n", "a(b)\\right) c}"],
    ["markdown", "See [¦]\n", "the docs](a.md) (c) and\nd\n", "the docs](a.md) (c) and"],
    ["markdown", "See (¦)\n", "below", "below"],
    ["markdown", "a) See (¦)\n\nb\n", "below).\n\nb\n", "below)."],
    ["javascript", 'log("a (¦)");\n', 'b) c");\nd();\n', 'b) c");'],
    ["javascript", "log(`a (¦)`);\n", "b(c)) d`);\n", "b(c)) d`);"],
    ["javascript", 'log("a (¦)");\n', 'b" + c);\n', 'b" + c);'],
    ["python", "# see (¦)\nx = 1\n", "below) and\nx = 1\n", "below) and"],
    ["python", "# see (¦)\nx = 1\n", "below\n# on\n", "below"],
    ["nix", "''\n  f(¦)\n''\n", '"a");\n', '"a");'],
    ["shellscript", "cat <<E\nf(¦)\nE\n", "a) b\nE\n", "a) b"],
  ]);
});
