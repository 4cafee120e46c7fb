import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOf } from "../../../../server/prompt/formats.ts";
import { buildPrompt, type PromptOptions } from "../../../../server/prompt/prompt.ts";
import { ControlVocabulary, snapshot } from "./controlVocabulary.ts";

const FILES = [
  { path: "a.py", text: "A = 1\n" },
  { path: "b.py", text: "B = 2\n" },
];

function prompt(
  vocabulary: ControlVocabulary,
  modelName: string,
  options: Partial<PromptOptions> = {},
  marked = "def f(‸):\n    pass",
): string {
  const format = formatOf(vocabulary, { modelName });
  return vocabulary.written(buildPrompt(snapshot(marked), vocabulary, 500, { format, ...options }).tokens);
}

const PIPED = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"];

const PLAIN = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"];

const withFiles = { files: FILES, repository: "project" };

/** By family: its control tokens, the prompt, and the prompt with other files. */
const GOLDEN: [
  model: string,
  controls: string[],
  beginning: string,
  alone: string,
  withOthers: string | undefined,
][] = [
  [
    "Qwen2.5 Coder 1.5B",
    [...PIPED, "<|repo_name|>", "<|file_sep|>"],
    "",
    "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
    "«<|repo_name|>»project\n«<|file_sep|>»a.py\nA = 1\n«<|file_sep|>»b.py\nB = 2\n«<|file_sep|>»main.py\n" +
      "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
  ],
  [
    "Qwen3 Coder 30B A3B Instruct",
    [...PIPED, "<|repo_name|>", "<|file_sep|>"],
    "",
    "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
    undefined,
  ],
  [
    "foretoken-bootstrap-5m",
    [...PIPED, "<|repo_name|>", "<|file_sep|>"],
    "",
    "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
    "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
  ],
  [
    "starcoder2-3b",
    [...PLAIN, "<repo_name>", "<file_sep>"],
    "",
    "«<fim_prefix>»def f(«<fim_suffix>»):\n    pass«<fim_middle>»",
    "«<repo_name>»project\n«<file_sep>»a.py\nA = 1\n«<file_sep>»b.py\nB = 2\n«<file_sep>»main.py\n" +
      "«<fim_prefix>»def f(«<fim_suffix>»):\n    pass«<fim_middle>»",
  ],
  [
    "deepseek-coder-1.3b-base",
    ["<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
    "<｜begin▁of▁sentence｜>",
    "«<｜begin▁of▁sentence｜>»«<｜fim▁begin｜>»def f(«<｜fim▁hole｜>»):\n    pass«<｜fim▁end｜>»",
    "«<｜begin▁of▁sentence｜>»«<｜fim▁begin｜>»def f(«<｜fim▁hole｜>»):\n    pass«<｜fim▁end｜>»",
  ],
  [
    "codegemma-2b",
    ["<bos>", ...PIPED, "<|file_separator|>"],
    "<bos>",
    "«<bos>»«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
    "«<bos>»a.py\nA = 1\n«<|file_separator|>»b.py\nB = 2\n«<|file_separator|>»main.py\n" +
      "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
  ],
  [
    "Granite 4.0 Micro Base",
    [...PLAIN, "<reponame>", "<filename>"],
    "",
    "«<fim_prefix>»def f(«<fim_suffix>»):\n    pass«<fim_middle>»",
    "«<reponame>»project\n«<filename>»a.py\nA = 1\n«<filename>»b.py\nB = 2\n«<filename>»main.py\n" +
      "«<fim_prefix>»def f(«<fim_suffix>»):\n    pass«<fim_middle>»",
  ],
  [
    "Mellum 4b Base",
    [...PLAIN, "<reponame>", "<filename>"],
    "",
    "«<filename>»main.py\n«<fim_suffix>»):\n    pass«<fim_prefix>»def f(«<fim_middle>»",
    "«<filename>»a.py\nA = 1\n«<filename>»b.py\nB = 2\n«<filename>»main.py\n" +
      "«<fim_suffix>»):\n    pass«<fim_prefix>»def f(«<fim_middle>»",
  ],
  [
    "Codestral-22B-v0.1",
    ["<s>", "[SUFFIX]", "[PREFIX]", "[MIDDLE]"],
    "<s>",
    "«<s>»«[SUFFIX]»):\n    pass«[PREFIX]»def f(",
    "«<s>»«[SUFFIX]»):\n    pass«[PREFIX]»def f(",
  ],
  [
    "Seed-Coder-8B-Base",
    ["<[begin▁of▁sentence]>", "<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"],
    "<[begin▁of▁sentence]>",
    "«<[begin▁of▁sentence]>»«<[fim-suffix]>»):\n    pass«<[fim-prefix]>»def f(«<[fim-middle]>»",
    undefined,
  ],
  [
    "CodeLlama-7b",
    ["<s>", "▁<PRE>", "▁<SUF>", "▁<MID>"],
    "<s>",
    "«<s>»«▁<PRE>»def f(«▁<SUF>»):\n    pass«▁<MID>»",
    undefined,
  ],
  [
    "santacoder",
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    "",
    "«<fim-prefix>»def f(«<fim-suffix>»):\n    pass«<fim-middle>»",
    undefined,
  ],
  ["unheard-of", PIPED, "", "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»", undefined],
  ["TinyLlama", ["<s>"], "<s>", "«<s>»def f(", "«<s>»def f("],
];

for (const [model, controls, beginning, alone, others] of GOLDEN)
  test(`${model} gets a prompt in the format it was trained on`, () => {
    const vocabulary = new ControlVocabulary(controls, { beginning });
    assert.equal(prompt(vocabulary, model), alone);
    if (others !== undefined) assert.equal(prompt(vocabulary, model, withFiles), others);
  });

test("tokens named only by the model file are used, with the suffix first where there is no middle token", () => {
  const three = new ControlVocabulary(["P", "S", "M"], { fill: ["P", "S", "M"] });
  assert.equal(prompt(three, "unheard-of"), "«P»def f(«S»):\n    pass«M»");
  const two = new ControlVocabulary(["P", "S"], { fill: ["P", "S"] });
  assert.equal(prompt(two, "unheard-of"), "«S»):\n    pass«P»def f(");
  const first = formatOf(three, { modelName: "unheard-of", fimOrder: "suffix-first" });
  assert.equal(prompt(three, "", { format: first }), "«S»):\n    pass«P»def f(«M»");
  for (const fill of [
    ["P", "none", "M"],
    ["none", "S", "M"],
  ] as const) {
    const half = new ControlVocabulary(["P", "S", "M"], { fill });
    assert.equal(
      prompt(half, "unheard-of"),
      "def f(",
      "one of both names no place for the text after the cursor",
    );
  }
});

test("control tokens in a document are treated as text", () => {
  const marked = "a = '<|fim_middle|><|file_sep|>'‸ # <|fim_suffix|>";
  const expected =
    "«<|fim_prefix|>»a = '<|fim_middle|><|file_sep|>'«<|fim_suffix|>» # <|fim_suffix|>«<|fim_middle|>»";
  const controls = [...PIPED, "<|repo_name|>", "<|file_sep|>"];
  for (const matched of [[], ["<|file_sep|>"], controls]) {
    const vocabulary = new ControlVocabulary(controls, { private: matched });
    assert.equal(prompt(vocabulary, "Qwen2.5 Coder", {}, marked), expected);
    assert.equal(
      prompt(vocabulary, "Qwen2.5 Coder", {}, "<|file_sep|>undefined‸"),
      "«<|fim_prefix|>»<|file_sep|>undefined«<|fim_suffix|>»«<|fim_middle|>»",
    );
  }
});

test("a marker that is split up gets no blank inside, where a tokenizer puts one before each text", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"], {
    private: ["<|file_sep|>"],
  });
  const tokenize = vocabulary.tokenize.bind(vocabulary);
  vocabulary.tokenize = (text, isContinued = false) =>
    tokenize(isContinued || text.startsWith("<|file_sep|>") ? text : ` ${text}`);
  assert.equal(
    prompt(vocabulary, "Qwen", {}, "a<|file_sep|>b‸<|file_sep|>c"),
    "«<|fim_prefix|>» a<|file_sep|>b«<|fim_suffix|>»<|file_sep|>c«<|fim_middle|>»",
  );
});

test("a document is named like its file or tab, without its URI's scheme and fragment", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  const format = formatOf(vocabulary, { modelName: "Qwen" });
  for (const [uri, name] of [
    ["file:///project/a%20b%23c.py", "a b#c.py"],
    ["untitled:Untitled-1", "Untitled-1"],
    ["vscode-notebook-cell:/project/sales.ipynb#W0sZmlsZQ%3D%3D", "sales.ipynb"],
  ] as const) {
    const { tokens } = buildPrompt(snapshot("x‸", uri), vocabulary, 500, { format, files: FILES });
    assert.ok(vocabulary.written(tokens).includes(`«<|file_sep|>»${name}\n«<|fim_prefix|>»`), uri);
  }
});

test("a notebook's cells take precedence over other files, which get the remaining room", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  const format = formatOf(vocabulary, { modelName: "Qwen" });
  const asked = (above: string, isCell: boolean) => {
    const cell = snapshot(above.includes("‸") ? above : `${above}‸`);
    const notebook = { uri: "file:///project/study.ipynb", above: [], below: [] };
    const asking = isCell ? { ...cell, notebook } : cell;
    const { tokens } = buildPrompt(asking, vocabulary, 200, { format, files: FILES });
    assert.ok(tokens.length <= 200);
    return vocabulary.written(tokens);
  };
  const few = `${"y = 2\n".repeat(5)}here`;
  assert.ok(asked(few, true).includes("A = 1") && asked(few, true).includes(few));
  const many = `first\n${"y = 2\n".repeat(30)}here`;
  assert.ok(!asked(many, false).includes("first"), "a document's own beginning gives way to other files");
  assert.ok(asked(many, true).includes(many) && !asked(many, true).includes("A = 1"));
  assert.ok(asked("x = 1‸ + y", true).endsWith("«<|fim_prefix|>»x = 1«<|fim_suffix|>» + y«<|fim_middle|>»"));
});

test("other files keep to their share of the budget, and a file that does not fit is left out whole", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  const format = formatOf(vocabulary, { modelName: "Qwen" });
  const files = [{ path: "large.py", text: "x = 1\n".repeat(40) }, ...FILES];
  const text = `${"y = 2\n".repeat(100)}‸`;
  const { tokens } = buildPrompt(snapshot(text), vocabulary, 200, { format, files, repository: "r" });
  assert.ok(tokens.length <= 200);
  const written = vocabulary.written(tokens);
  assert.ok(!written.includes("large.py") && written.includes("a.py\nA = 1"));
  assert.ok(written.endsWith("y = 2\n«<|fim_suffix|>»«<|fim_middle|>»"));
});

test("a model file that gives its own order and file marker overrides the table", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  const written = (identity: Parameters<typeof formatOf>[1]) => {
    const format = formatOf(vocabulary, identity);
    return vocabulary.written(
      buildPrompt(snapshot("def f(‸):\n    pass"), vocabulary, 500, { format, ...withFiles }).tokens,
    );
  };
  const middle = "«<|fim_suffix|>»):\n    pass«<|fim_prefix|>»def f(«<|fim_middle|>»";
  for (const modelName of ["Foretoken 135M", "Qwen2.5 Coder 1.5B", "a model of somebody's"])
    assert.equal(written({ modelName, fimOrder: "suffix-first" }), middle, modelName);
  assert.equal(
    written({ modelName: "Foretoken 135M", fimOrder: "suffix-first", fimFiles: "file_sep" }),
    `«<|file_sep|>»a.py\nA = 1\n«<|file_sep|>»b.py\nB = 2\n«<|file_sep|>»main.py\n${middle}`,
  );
  assert.equal(
    written({ modelName: "Qwen2.5 Coder 1.5B", fimOrder: "prefix-first" }),
    "«<|fim_prefix|>»def f(«<|fim_suffix|>»):\n    pass«<|fim_middle|>»",
  );
});

test("a document's name that takes more room than other files may have is left out", () => {
  const vocabulary = new ControlVocabulary([...PLAIN, "<filename>"]);
  const format = formatOf(vocabulary, { modelName: "Mellum 4b Base" });
  const written = (name: string) => {
    const { tokens } = buildPrompt(snapshot("x = ‸", `file:///project/${name}`), vocabulary, 104, { format });
    return vocabulary.written(tokens);
  };
  assert.match(written("short.py"), /^«<filename>»short\.py\n/);
  // With its marker and the line end, a name of 28 takes all 30 tokens.
  assert.match(written(`${"n".repeat(25)}.py`), /^«<filename>»n{25}\.py\n/);
  assert.equal(written(`${"n".repeat(26)}.py`), "«<fim_suffix>»«<fim_prefix>»x = «<fim_middle>»");
});

test("the tokens that begin other files end a middle, as no others do", () => {
  const ends = (model: string, controls: string[]) => {
    const vocabulary = new ControlVocabulary(controls);
    const { ends } = formatOf(vocabulary, { modelName: model });
    return vocabulary.written(Int32Array.from(ends));
  };
  assert.equal(ends("Qwen", [...PIPED, "<|repo_name|>", "<|file_sep|>"]), "«<|repo_name|>»«<|file_sep|>»");
  assert.equal(ends("codegemma", [...PIPED, "<|file_separator|>"]), "«<|file_separator|>»");
  assert.equal(ends("santacoder", ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"]), "");
});

test("other files have three tenths of the prompt, with all names, and each that fits into the rest is shown", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  // 30 tokens of 100, of which the document's name takes 9, and 7 are a file's marker, name and line ends.
  const shownOf = (...lengths: number[]) => {
    const files = lengths.map((length, i) => ({ path: `${i}.py`, text: "x".repeat(length) }));
    const format = formatOf(vocabulary, { modelName: "Qwen" });
    const { tokens } = buildPrompt(snapshot("y‸"), vocabulary, 104, { format, files });
    const names = vocabulary.written(tokens).match(/\d(?=\.py)/g) ?? [];
    return names.map(Number);
  };
  assert.deepEqual(shownOf(14), [0]);
  assert.deepEqual(shownOf(15), []);
  assert.deepEqual(shownOf(15, 3, 4), [1, 2]);
  assert.deepEqual(shownOf(15, 3, 5), [1]);
  assert.deepEqual(shownOf(3, 15, 4), [0, 2]);
});

test("without the name of a repository none is written", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  assert.ok(prompt(vocabulary, "Qwen", { files: FILES }).startsWith("«<|file_sep|>»a.py\nA = 1\n"));
});

test("a notebook's cells are shown whole where they leave room for another file and none for the names", () => {
  const vocabulary = new ControlVocabulary([...PIPED, "<|repo_name|>", "<|file_sep|>"]);
  const format = formatOf(vocabulary, { modelName: "Qwen" });
  const notebook = { uri: "file:///project/study.ipynb", above: [], below: [] };
  const asked = (cells: string) => {
    const files = [{ path: "a.py", text: "x" }];
    const { tokens } = buildPrompt({ ...snapshot(`${cells}‸`), notebook }, vocabulary, 104, {
      format,
      files,
    });
    assert.ok(vocabulary.written(tokens).includes(`«<|fim_prefix|>»${cells}«`));
    return vocabulary.written(tokens).includes("a.py");
  };
  // The file takes 8 tokens, the document's name 9.
  assert.equal(asked("y".repeat(100 - 17)), true);
  for (let left = 0; left < 17; left++) assert.equal(asked("y".repeat(100 - left)), false);
});
