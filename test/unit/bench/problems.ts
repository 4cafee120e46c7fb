export const row = (prompt: string, canonical_solution: string, suffix: string) => ({
  task_id: "a",
  entry_point: "f",
  prompt,
  suffix,
  canonical_solution,
  test: "def check(f):\n    assert f(1) == 2\n",
});

export const LINE = row("def f(a):\n", "    b = a + 1\n", "    return b\n");
