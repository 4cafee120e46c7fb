import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseArgs } from "node:util";
import {
  inOptions,
  inPlainWords,
  jsonText,
  parsingProblem,
  printable,
  refusalOf,
  shownText,
} from "../../../../server/system/plainWords.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-words-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "file.py");
writeFileSync(file, "");

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

test("an error in the options is one sentence, whatever this version of Node reports", () => {
  const options = {
    model: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
    name: { type: "string", short: "n" },
  } as const;
  const cases: [args: string[], says: string][] = [
    [["--foo"], "There is no option --foo."],
    [["--foo=3"], "There is no option --foo."],
    [["-x"], "There is no option -x."],
    [["--model"], "--model needs a value."],
    [["-n"], "--name needs a value."],
    [
      ["--model", "--json"],
      "--model needs a value; one that begins with a dash is written as --model=VALUE.",
    ],
    [["--json=yes"], "--json takes no value."],
    [["--help=yes"], "--help takes no value."],
    [["extra"], "Nothing more is expected here: extra."],
  ];
  for (const [args, says] of cases)
    assert.equal(parsingProblem(thrownBy(() => parseArgs({ args, options }))), says, args.join(" "));
  const withPositionals = thrownBy(() => parseArgs({ args: ["--foo"], allowPositionals: true, options }));
  assert.equal(parsingProblem(withPositionals), "There is no option --foo.");
  assert.equal(parsingProblem(thrownBy(() => new URL("nowhere"))), undefined);
});

test("a file that cannot be read is reported with its name and the reason", () => {
  const cases: [path: string, says: string][] = [
    [join(folder, "absent"), "does not exist."],
    [folder, "is a folder."],
    [join(file, "below"), "is not a folder, or is below a file."],
  ];
  for (const [path, says] of cases)
    assert.equal(
      refusalOf(
        thrownBy(() => readFileSync(path)),
        path,
      ),
      `${path} ${says}`,
    );
  assert.equal(refusalOf(new Error("worn out"), file), `${file} cannot be read: worn out.`);
});

test("Node's own messages about a file are replaced wherever they occur in a message", () => {
  const absent = join(folder, "absent");
  const { message } = thrownBy(() => readFileSync(absent));
  assert.equal(inPlainWords(message), `${absent} does not exist.`);
  assert.equal(
    inPlainWords(`The list cannot be read: ${message}.`),
    "The list cannot be read: it does not exist.",
  );
  const moved = thrownBy(() => renameSync(absent, file)).message;
  assert.equal(inPlainWords(moved), `${absent} does not exist.`);
  const read = thrownBy(() => readFileSync(folder)).message;
  assert.equal(inPlainWords(`${folder} cannot be read: ${read}`), `${folder} cannot be read: it is a folder`);
  for (const other of ["EIO: i/o error, read", "There is no model at /x. Fetch it: model get x", ""])
    assert.equal(inPlainWords(other), other);
});

test("a remedy names the options of a command that correspond to settings", () => {
  const cases: [remedy: string, says: string][] = [
    ['Set "foretoken.backend" to "auto".', 'Set --backend to "auto".'],
    [
      'Choose another GGUF file in the setting "foretoken.modelPath", or clear it for the default model.',
      "Choose another GGUF file with --model, or leave it out for the default model.",
    ],
    [
      'Lower "foretoken.contextTokens" or choose a smaller model.',
      'Lower "foretoken.contextTokens" or choose a smaller model.',
    ],
    [
      'Choose another file in the setting "foretoken.draftModel", or clear it. To try it again: Foretoken: Restart Server.',
      "Choose another file with --draft-model, or leave it out. To try it again: foretoken model check MODEL.",
    ],
    ["Free some space, or clear it.", "Free some space, or clear it."],
  ];
  for (const [remedy, says] of cases) assert.equal(inOptions(remedy), says);
});

test("the text of a model has no control characters for a terminal, and is unchanged for a file", () => {
  const text = "a\tb\n\u001b]52;c;x\u0007\u009b2J\r";
  assert.equal(shownText(text, { isTTY: true }), "a\tb\n\\x1b]52;c;x\\x07\\x9b2J\\x0d");
  assert.equal(shownText(text, {}), text);
});

test("a name from elsewhere cannot command a terminal", () => {
  assert.equal(printable("m\u001b[2J\n\u009b.gguf"), "m\\x1b[2J\\x0a\\x9b.gguf");
  assert.equal(printable("modèle 1.gguf"), "modèle 1.gguf");
});

test("a value is printed as JSON without what a terminal would obey, and is read as it was", () => {
  const value = { name: "a\u001b[2J\u009b2J\u007f\u202egnp\u2066", text: "café 😀" };
  assert.equal(
    jsonText(value),
    String.raw`{"name":"a\u001b[2J\u009b2J\u007f\u202egnp\u2066","text":"café 😀"}`,
  );
  assert.deepEqual(JSON.parse(jsonText(value, 2)), value);
});
