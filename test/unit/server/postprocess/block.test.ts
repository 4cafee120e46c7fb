import { test } from "node:test";
import { assertShown, type Case } from "../../../fakes/growing.ts";

test("a block that a word ends may get the clauses that it does not have yet", () => {
  const cases: Case[] = [
    ["lua", "if a then\n  ¦\nend\n", "x()\nelse\n  y()\nend\n", "x()\nelse\n  y()"],
    ["lua", "if a then\n  ¦\nelse\n  z()\nend\n", "x()\nelse\n  y()\nend\n", "x()"],
    [
      "ruby",
      "def f\n  if a\n    ¦\n  end\nend\n",
      "x\n  elsif b\n    y\n  end\nend\n",
      "x\n  elsif b\n    y",
    ],
    ["shellscript", "if a; then\n  ¦\nfi\n", "x\nelse\n  y\nfi\nz\n", "x\nelse\n  y"],
    ["elixir", "if a do\n  ¦\nend\n", "x\nelse\n  y\nend\n", "x\nelse\n  y"],
    ["ruby", "def f\n  ¦\nend\n", "x\nend\n\ndef g\nend\n", "x"],
  ];
  assertShown(cases);
});

test("the word that ends the block of the cursor's line is shown where the document does not have it", () => {
  const cases: Case[] = [
    ["ruby", "class A\n  def f(a)¦\n", "\n    a + 1\n  end\n\n  def g\n", "\n    a + 1\n  end"],
    ["ruby", "if a = b¦\n", "\n  x\nelsif c\n  y\nend\nz\n", "\n  x\nelsif c\n  y\nend"],
    ["ruby", "if a¦\nend\n", "\n  x\nelse\n  y\nend\n", "\n  x\nelse\n  y"],
    ["ruby", "if a¦\nend # of a\n", "\n  x\nend\n\nz\n", "\n  x"],
    ["lua", "local function f(a)¦\n", "\n  return a\nend\n\nf(1)\n", "\n  return a\nend"],
    ["vhdl", "begin\n  if a then¦\n", "\n    b <= c;\n  end if;\n  d <= e;\n", "\n    b <= c;\n  end if;"],
    ["pascal", "procedure F;\nbegin¦\n", "\n  A;\nend;\n\nprocedure G;\n", "\n  A;\nend;"],
    ["verilog", "module a;\n  if (b) begin¦\n", "\n    c = 8'h0;\n  end\n  d;\n", "\n    c = 8'h0;\n  end"],
    ["ocaml", "module A = struct¦\n", "\n  type 'a t = 'a\nend\n\nlet b = 1\n", "\n  type 'a t = 'a\nend"],
    ["julia", "function f(a)¦\n", "\n    a'\nend\n\nf(1)\n", "\n    a'\nend"],
    ["cmake", "if(A)¦\n", "\n  b()\nendif()\nc()\n", "\n  b()\nendif()"],
    ["lua", "  if a then\n    x()\n  else¦\n", "\n    y()\n  end\n  z()\n", "\n    y()\n  end"],
  ];
  assertShown(cases);
});

test("the end of an element or of a template's block is shown where the document does not have it", () => {
  assertShown([
    ["html", "<body>\n  <div>¦", "\n    <p>a</p>\n  </div>\n  <p>b</p>\n", "\n    <p>a</p>\n  </div>"],
    ["html", "<body>\n  <div>¦\n  </div>\n", "\n    <p>a</p>\n  </div>\n  <p>b</p>\n", "\n    <p>a</p>"],
    ["html", "<ul>\n  <li>¦\n</ul>\n", "\n    a\n  </li>\n  <li>\n    b\n  </li>\n", "\n    a\n  </li>"],
    ["typescriptreact", "  <a b={() => c}>¦\n", "\n    {d}\n  </a>\n  <e />\n", "\n    {d}\n  </a>"],
    ["svelte", "{#each a as b}¦\n", "\n  {b}\n{:else}\n  c\n{/each}\nd\n", "\n  {b}\n{:else}\n  c\n{/each}"],
    [
      "jinja-html",
      "<ul>\n  {%- for a in b %}\n    ¦\n</ul>\n",
      "<p>{{ a }}</p>\n  {%- endfor %}\n</ul>\n",
      "<p>{{ a }}</p>\n  {%- endfor %}",
    ],
    ["handlebars", "{{#if a}}¦\n", "\n  {{b}}\n{{/if}}\nd\n", "\n  {{b}}\n{{/if}}"],
    ["java", "  List<String>¦\n", " a;\n  b;\n", " a;"],
  ]);
});

test("scripts of the shell within other languages end their blocks with words and have branches", () => {
  const loop = "RUN set -e; \\\n  for a in b; do \\";
  const branches = 'RUN set -e; \\\n  case "$A" in \\\n    ¦';
  const condition = "{\n  a = ''\n    if [[ b ]]; then";
  assertShown([
    ["dockerfile", `${loop}¦\n`, '\n    c "$a"; \\\n  done\n\nCMD ["d"]\n', '\n    c "$a"; \\\n  done'],
    ["dockerfile", branches, "a) b ;; \\\n    c) d ;; \\\n  esac\n", "a) b ;; \\\n    c) d ;; \\\n  esac"],
    ["dockerfile", 'RUN case "$A" in \\\n      ¦', "a) b ;; \\\n    esac\n\nCMD c\n", "a) b ;; \\\n    esac"],
    ["ruby", "x = if a\n      ¦", "b\n    else\n      c\n    end\n\nd\n", "b\n    else\n      c\n    end"],
    ["ruby", "x = if a\n      ¦\n    end\n", "b\n    end\n\nd\n", "b"],
    ["nix", `${condition}¦\n  '';\n}\n`, "\n      it's\n    fi\n  '';\n}\n", "\n      it's\n    fi"],
    ["nix", "{\n  a = ''¦'';\n}\n", "b ('''c'';\n}\n", "b ('''c'';"],
  ]);
});

test("loops and conditions of makefiles and environments of LaTeX end with their last line", () => {
  assertShown([
    [
      "makefile",
      "all:\n\tfor a in b; do \\¦\n",
      "\n\t\techo $$a; \\\n\tdone\n\nclean:\n\trm c\n",
      "\n\t\techo $$a; \\\n\tdone",
    ],
    [
      "makefile",
      "ifdef A¦\n",
      "\n  B = 1\nelse\n  B = 2\nendif\n\nC = 3\n",
      "\n  B = 1\nelse\n  B = 2\nendif",
    ],
    ["makefile", "define A¦\nendef\n", "\n  b\nendef\nC = 3\n", "\n  b"],
    [
      "latex",
      "\\begin{tabular}[t]{ll}¦\n",
      "\n  a & b \\\\\n\\end{tabular}\n\nText\n",
      "\n  a & b \\\\\n\\end{tabular}",
    ],
    [
      "latex",
      "\\begin{tabular}{@{}ll@{}}¦\n",
      "\n  a \\\\\n\\end{tabular}\n\nb\n",
      "\n  a \\\\\n\\end{tabular}",
    ],
    ["latex", "\\begin{itemize}¦\n\\end{itemize}\n", "\n  \\item a\n\\end{itemize}\n", "\n  \\item a"],
  ]);
});

test("the end of an element is shown whose tag has a line for each attribute", () => {
  assertShown([
    ["svelte", "<p\n  a={b}\n>¦\n", "\n  c\n</p>\n<d />\n", "\n  c\n</p>"],
    ["vue", '<a>\n  <p\n    :a="b"\n  >\n    ¦\n</a>\n', "c\n  </p>\n  <d />\n", "c\n  </p>"],
    ["svelte", "<p\n  a={b}\n>¦\n</p>\n", "\n  c\n</p>\n<d />\n", "\n  c"],
  ]);
});
