/** Tests whether a model is fit for completion: its tokenizer, middles it must know, drafts that change nothing. */
import { DraftMemory } from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import { formatOf, type PromptFormat } from "../prompt/index.ts";
import type { Grammars } from "../syntax/index.ts";
import { drain } from "../system/index.ts";
import { complete } from "./complete.ts";
import { generate } from "./generate.ts";

/** A text with a hole whose content leaves little choice. */
interface Probe {
  readonly languageId: string;
  /** The cursor is at `|`. */
  readonly text: string;
  /** What a completion has to begin with, blanks aside. */
  readonly middle: RegExp;
}

const PROBES: readonly Probe[] = [
  { languageId: "python", text: "def add(a, b):\n    return |\n\n\nprint(add(1, 2))\n", middle: /^a \+ b\b/ },
  {
    languageId: "python",
    text: "import json\n\n\ndef load(path):\n    with open(|) as file:\n        return json.load(file)\n",
    middle: /^path\b/,
  },
  {
    languageId: "javascript",
    text: "function square(x) {\n  return |;\n}\n\nconsole.log(square(3)); // 9\n",
    middle: /^(x \* x|x \*\* 2|Math\.pow\(x, 2\))/,
  },
  {
    languageId: "go",
    text: "package main\n\nfunc max(a, b int) int {\n\tif a > b {\n\t\treturn |\n\t}\n\treturn b\n}\n",
    middle: /^a\b/,
  },
  {
    languageId: "rust",
    text: "fn is_even(n: u32) -> bool {\n    |\n}\n\nfn main() {\n    assert!(is_even(4));\n}\n",
    middle: /^(return )?n % 2 == 0\b/,
  },
  {
    languageId: "java",
    text: "class Counter {\n    private int count = 0;\n\n    int next() {\n        count++;\n        return |\n    }\n}\n",
    middle: /^(this\.)?count\b/,
  },
];
/** With fewer correct middles than this, the model does not know fill-in-the-middle. */
const MIN_RIGHT = 2;
/** Text that a tokenizer must give back as it is. */
const ROUND_TRIP =
  "def naïve(größe):\n\treturn f'{größe!r:>10}'  # 漢字 🙂\r\n    <div class=\"a\">&amp;</div>\n";
const COMPARED_TOKENS = 200;
const PROBE_TOKENS = 12;
/** A model may end its texts early each time. */
const MAX_ROUNDS = 4;

/** Which part of the document a prompt begins with: as `foretoken.fim_order` in a model's file. */
type Order = "prefix-first" | "suffix-first";

export interface SelfTestReport {
  readonly tokenizer: boolean;
  readonly middles: {
    readonly right: number;
    readonly of: number;
    /** The order in which the model was asked, and how many are right in the other; absent if it has only one. */
    readonly order?: Order;
    readonly rightInOtherOrder?: number;
  };
  /** Tokens that were computed with drafts and without, and whether they were the same. */
  readonly drafts: { readonly tokens: number; readonly equal: boolean };
  /** Decoding without drafts. */
  readonly tokensPerSecond: number;
  /** Why the model is not to be used, in a sentence; absent where it may be. */
  readonly problem?: string;
}

/** Tests a loaded model; undefined when aborted. The engine's context is lost. */
export async function selfTest(
  engine: Engine,
  grammars: Grammars,
  signal: AbortSignal,
): Promise<SelfTestReport | undefined> {
  const tokenizer = givesBack(engine, ROUND_TRIP);
  const format = formatOf(engine.vocabulary, engine.info);
  const other = inOtherOrder(format);
  const right = await rightMiddles(engine, format, grammars, signal);
  const rightInOtherOrder = other && (await rightMiddles(engine, other, grammars, signal));
  const plain = await continued(engine, 1, signal);
  const drafted = await continued(engine, engine.info.maxTreeNodes, signal);
  if (signal.aborted) return undefined;
  const report = {
    tokenizer,
    middles: {
      right,
      of: PROBES.length,
      ...(rightInOtherOrder !== undefined && { order: orderOf(format), rightInOtherOrder }),
    },
    drafts: {
      tokens: plain.tokens.length,
      equal:
        plain.tokens.length === drafted.tokens.length &&
        plain.tokens.every((t, i) => t === drafted.tokens[i]),
    },
    tokensPerSecond: plain.decodeMs > 0 ? (plain.tokens.length * 1000) / plain.decodeMs : 0,
  };
  const problem = problemOf(report, plain.failure ?? drafted.failure);
  return problem === undefined ? report : { ...report, problem };
}

function problemOf(report: SelfTestReport, failure: string | undefined): string | undefined {
  const { middles } = report;
  if (failure !== undefined) return `It cannot compute: ${failure}.`;
  if (!report.tokenizer) return "Its tokenizer does not reproduce the text it is given.";
  const { rightInOtherOrder = 0 } = middles;
  if (middles.right < MIN_RIGHT && rightInOtherOrder >= MIN_RIGHT) {
    const wanted: Order = middles.order === "suffix-first" ? "prefix-first" : "suffix-first";
    const first = wanted === "prefix-first" ? "text before the cursor" : "text after the cursor";
    return `It fills in middles correctly only with the ${first} first (${rightInOtherOrder} of ${middles.of} middles, ${middles.right} otherwise), which its file does not say: set foretoken.fim_order in its GGUF metadata to ${wanted}.`;
  }
  if (middles.right < MIN_RIGHT)
    return `It does not fill in missing code: ${middles.right} of ${middles.of} middles were right.`;
  if (!report.drafts.equal) return "Drafts change its text on this machine.";
  return undefined;
}

function givesBack({ vocabulary }: Engine, text: string): boolean {
  const tokens = vocabulary.tokenize(text);
  const bytes = Buffer.concat(Array.from(tokens, token => vocabulary.bytes(token)));
  // Some vocabularies put a blank before the first word.
  return bytes.toString("utf8").replace(/^ /, "") === text;
}

const orderOf = ({ fill }: PromptFormat): Order => (fill?.suffixFirst ? "suffix-first" : "prefix-first");

/** The format with prefix and suffix exchanged; undefined where there is no other order. */
function inOtherOrder(format: PromptFormat): PromptFormat | undefined {
  const { fill } = format;
  // Without a token for the middle the text continues after the prefix, which must come last.
  if (fill?.middle === undefined) return undefined;
  return { ...format, fill: { ...fill, suffixFirst: !fill.suffixFirst } };
}

async function rightMiddles(
  engine: Engine,
  format: PromptFormat,
  grammars: Grammars,
  signal: AbortSignal,
): Promise<number> {
  let right = 0;
  for (const { languageId, text: marked, middle } of PROBES) {
    await grammars.load(languageId);
    const offset = marked.indexOf("|");
    const text = marked.slice(0, offset) + marked.slice(offset + 1);
    const snapshot = { uri: `file:///probe.${languageId}`, languageId, version: 0, text, offset };
    const options = { maxTokens: PROBE_TOKENS, treeNodes: 1, grammars, format };
    const completion = await drain(complete(engine, snapshot, options, signal));
    if (middle.test(completion.text.trim())) right++;
  }
  return right;
}

interface Continued {
  readonly tokens: readonly number[];
  /** Milliseconds of decoding alone. */
  readonly decodeMs: number;
  readonly failure: string | undefined;
}

/** The model's text after the probes' beginnings, one after the other, until there is enough to compare. */
async function continued(engine: Engine, treeNodes: number, signal: AbortSignal): Promise<Continued> {
  const tokens: number[] = [];
  const memory = new DraftMemory(engine.vocabulary);
  let decodeMs = 0;
  const eachTokens = Math.ceil(COMPARED_TOKENS / PROBES.length);
  for (let round = 1; round <= MAX_ROUNDS && tokens.length < COMPARED_TOKENS; round++)
    for (const { text } of PROBES) {
      const begins = engine.vocabulary.tokenize(
        text.repeat(round).slice(0, text.indexOf("|") + text.length * (round - 1)),
      );
      const prompt = { tokens: begins, history: begins, after: new Int32Array(0) };
      const steps = generate(engine, prompt, { maxTokens: eachTokens, treeNodes, memory }, signal);
      let since = performance.now();
      const end = await drain(steps, step => {
        if (step.kind === "step") {
          tokens.push(...step.tokens);
          decodeMs += performance.now() - since;
        }
        since = performance.now();
      });
      if (end.kind === "failed") return { tokens, decodeMs, failure: end.message };
      if (end.kind === "outOfMemory") return { tokens, decodeMs, failure: "memory ran out" };
    }
  return { tokens, decodeMs, failure: undefined };
}
