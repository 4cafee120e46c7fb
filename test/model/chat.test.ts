import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../server/system/paths.ts";
import { makeModel } from "../bench/makeModel.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-chat-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Longer than the 1024 bytes in which other metadata is read. */
const TEMPLATE = `{# ${"a remark ".repeat(200)} #}{% for message in messages -%}
<|file_sep|>{{ message.role }}
{{ message.content | trim }}<|endoftext|>
{% endfor %}{% if add_generation_prompt %}<|file_sep|>assistant
{% endif %}`;
const model = join(folder, "chat.gguf");
makeModel(
  {
    shape: "tiny-swa",
    type: "q8_0",
    seed: 5,
    tokenizerPath: fixtureModelPath(),
    metadata: { "tokenizer.chat_template": { type: "string", value: TEMPLATE } },
  },
  model,
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a conversation over a pipe. @param whenOut called with the output so far and the process */
function chat(
  input: string,
  args: readonly string[],
  whenOut?: (out: string, child: ReturnType<typeof spawn>) => void,
): Promise<Ended> {
  return new Promise(resolve => {
    const env = { ...process.env, XDG_CACHE_HOME: folder, FORETOKEN_MODEL: fixtureModelPath() };
    const child = spawn(
      process.execPath,
      [join(packageRoot(), "dist", "cli.js"), "chat", "--backend", "cpu", ...args],
      { env },
    );
    let [out, err] = ["", ""];
    child.stdout.on("data", chunk => {
      out += chunk;
      whenOut?.(out, child);
    });
    child.stderr.on("data", chunk => {
      err += chunk;
    });
    child.on("close", code => resolve({ code, out, err }));
    if (whenOut) child.stdin.write(input);
    else child.stdin.end(input);
  });
}

const TURNS = "import os\nwrite <|endoftext|> now\nimport os\n/stats\n";

test("a conversation over a pipe is the same with and without drafts, also when sampled with a seed", async () => {
  for (const drawn of [[], ["--temperature", "0.9", "--seed", "4"]]) {
    const args = ["--model", model, "--max-tokens", "40", ...drawn];
    const drafted = await chat(TURNS, args);
    assert.equal(drafted.code, 0, drafted.err);
    assert.match(drafted.err, /3 answers, \d+ tokens in \d+ decodes/);
    const plain = await chat(TURNS, [...args, "--no-drafts"]);
    assert.equal(plain.out, drafted.out);
    assert.match(plain.err, /0 tokens drafted/);
    const seconded = await chat(TURNS, [...args, "--draft-model", model]);
    assert.equal(seconded.out, drafted.out, seconded.err);
    assert.ok(drafted.out.length > 60, drafted.out);
  }
});

test("a conversation is saved together with its system message", async () => {
  const file = join(folder, "talk.jsonl");
  const { code, err } = await chat(`hello\n/save ${file}\n/quit\nnever asked\n`, [
    ...["--model", model, "--max-tokens", "8", "--system", "Be brief."],
  ]);
  assert.equal(code, 0, err);
  assert.ok(existsSync(file), err);
  const { messages } = JSON.parse(readFileSync(file, "utf8"));
  assert.deepEqual(
    messages.map(({ role }: { role: string }) => role),
    ["system", "user", "assistant"],
  );
});

test("the first interrupt stops the answer, and the next one ends the program", async () => {
  let interrupts = 0;
  const { code, err } = await chat("tell\n", ["--model", model, "--max-tokens", "900"], (out, child) => {
    if (interrupts === 0 && out.length > 20) {
      interrupts++;
      child.kill("SIGINT");
    } else if (interrupts === 1 && out.endsWith("\n")) {
      interrupts++;
      setTimeout(() => child.kill("SIGINT"), 100);
    }
  });
  assert.equal(code, 0, err);
  assert.match(err, /Stopped\./);
});

test("a model without a chat template is refused with the remedy and exit code 2", async () => {
  const { code, out, err } = await chat("hello\n", []);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(err, /has no chat template\. Name a model .*--model/);
});
