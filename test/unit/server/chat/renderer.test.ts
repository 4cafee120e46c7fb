import assert from "node:assert/strict";
import { test } from "node:test";
import { Renderer } from "../../../../server/chat/renderer.ts";
import { renderScript } from "../../../../server/system/paths.ts";

const values = { messages: [], add_generation_prompt: true, bos_token: "", eos_token: "" };
const question = (content: string) => ({ ...values, messages: [{ role: "user" as const, content }] });

test("texts are rendered one after the other, whatever characters they have", async () => {
  const renderer = new Renderer(renderScript(), "{{ messages[0].content }}");
  for (const content of ["plain", "{{ 7 * 7 }}", "😀 \0 \u2028 \ud800"])
    assert.equal(await renderer.render(question(content)), content);
});

test("a template that exhausts the memory fails with the reason, and the next text is rendered", async () => {
  const renderer = new Renderer(
    renderScript(),
    "{% set all = namespace(n=[1]) %}{% for i in range(messages[0].content|int) %}{% set all.n = all.n + all.n %}{% endfor %}{{ all.n|length }}",
  );
  // On a busy machine the time limit may come first.
  await assert.rejects(renderer.render(question("40")), /ended with .*128 MB of memory at most|timed out/);
  assert.equal(await renderer.render(question("3")), "8");
});

test("a template that never ends is interrupted", async () => {
  const nested = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
  await assert.rejects(new Renderer(renderScript(), nested).render(values), /timed out/);
});
