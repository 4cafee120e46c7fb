import assert from "node:assert/strict";
import { test } from "node:test";
import { languageName } from "../../../../datastores/sources/languages.ts";

test("a language has one name, whether a row, a folder, VS Code or a user names it", () => {
  for (const [name, others] of [
    ["python", ["Python", "python3", "py"]],
    ["c-sharp", ["C#", "c-sharp", "csharp"]],
    ["c++", ["C++", "cpp"]],
    ["cuda", ["Cuda", "cuda-cpp"]],
    ["tex", ["TeX", "latex"]],
    ["batchfile", ["Batchfile", "bat"]],
    ["visual-basic", ["Visual Basic", "vb"]],
    ["go", ["Go", "golang"]],
    ["shell", ["Shell", "shellscript", "bash"]],
    ["jupyter-notebook", ["Jupyter Notebook"]],
    ["constructor", ["constructor"]],
  ] as const)
    assert.deepEqual(new Set(others.map(languageName)), new Set([name]));
});
