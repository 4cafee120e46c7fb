/**
 * Begins a completion as soon as a key is pressed. Editors wait before they ask (VS Code 50 ms), and what is computed
 * meanwhile is there when they do: the request joins it. Nobody has asked yet, so what is risked is bounded as of what
 * is computed ahead, and nothing is where the last keys were not followed by a request.
 */
import type { DocumentChange, Documents } from "../lsp/index.ts";
import type { ModelFeature } from "../model/index.ts";
import { typedPart } from "../protocol/index.ts";
import { type Cursor, type Edit, type Snapshot, surroundings, wantsCompletion } from "../text/index.ts";
import type { CompletionRunner } from "./completionRunner.ts";
import { RISKED_AT_FIRST, RISKED_SHARE } from "./prefetch.ts";
import type { TokenUsage } from "./tokenUsage.ts";

/** What is computed ahead of suggestions that nobody takes must leave something for keys, which are mostly asked for. */
const RISKED_WITH_KEYS = RISKED_SHARE + 0.1;
/** An editor that asks does so within this time of the key. */
const ASKED_WITHIN_MS = 300;
/** So many keys in a row without a request, and the editor is taken not to ask. */
const MOST_UNASKED = 3;

interface EarlyStartDependencies {
  readonly documents: Pick<Documents, "cursor">;
  readonly runner: CompletionRunner;
  readonly usage: TokenUsage;
  readonly model: Pick<ModelFeature, "current">;
  /** Whether a document may be completed that nobody has asked for. */
  isOn(snapshot: Snapshot): boolean;
  /** Milliseconds that a request would wait for the next key. */
  delayMs(): number;
}

export class EarlyStart {
  /** The document for which completions are asked as one types. */
  private uri: string | undefined;
  private unasked = 0;

  constructor(private readonly parts: EarlyStartDependencies) {}

  /** A completion was asked for, not by the user but by the editor. */
  asked(uri: string): void {
    this.uri = uri;
    this.unasked = 0;
  }

  /** To be called once what the edit has left behind has ended. */
  edited({ uri, edit }: DocumentChange): void {
    const { documents, runner, usage, model, isOn, delayMs } = this.parts;
    const length = edit && lengthOfKey(edit);
    if (!edit || length === undefined || uri !== this.uri || this.unasked >= MOST_UNASKED) return;
    const engine = model.current;
    const at = documents.cursor(uri);
    if (!engine || !at || delayMs() > 0 || !usage.affords(RISKED_WITH_KEYS, RISKED_AT_FIRST)) return;
    const cursor: Cursor = { ...at, snapshot: { ...at.snapshot, offset: edit.start + length } };
    if (!isOn(cursor.snapshot) || !wantsCompletion(surroundings(cursor.snapshot))) return;
    if (runner.cache.find(cursor, false)) return;
    const live = runner.startEarly(engine, cursor);
    if (!live) return;
    // Where the next key comes first the editor has had no time to ask.
    setTimeout(() => {
      if (live.awaited || live.signal.aborted) return;
      this.unasked++;
      live.abort();
    }, ASKED_WITHIN_MS).unref();
  }
}

/**
 * Length of what a key has inserted before the cursor: a character, a line break with its indentation, or nothing where
 * it took one away; undefined for any other edit.
 */
function lengthOfKey({ removed, added }: Edit): number | undefined {
  const typed = typedPart(added);
  if (typed === "") return removed.length === 1 ? 0 : undefined;
  return typed.length === 1 || /^\r?\n[ \t]*$/.test(typed) ? typed.length : undefined;
}
