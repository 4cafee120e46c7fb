/**
 * Begins a completion as soon as a key is pressed. Editors wait before they ask (VS Code 50 ms); their request then joins
 * the completion that is already under way. Since nobody has asked yet, the risk is bounded like that of computing ahead,
 * and nothing is begun if the last keys were not followed by a request.
 */
import type { DocumentChange, Documents } from "../lsp/index.ts";
import type { ModelFeature } from "../model/index.ts";
import { typedPart } from "../protocol/index.ts";
import { type Cursor, type Edit, type Snapshot, surroundings, wantsCompletion } from "../text/index.ts";
import type { CompletionRunner } from "./completionRunner.ts";
import { RISKED_AT_FIRST, RISKED_SHARE } from "./prefetch.ts";
import type { TokenUsage } from "./tokenUsage.ts";

/** More than prefetching may risk: it must leave something for keys, which are mostly followed by a request. */
const RISKED_WITH_KEYS = RISKED_SHARE + 0.1;
/** An editor that asks does so within this time of the key. */
const ASKED_WITHIN_MS = 300;
/** After so many keys in a row without a request, the editor is assumed not to ask. */
const MOST_UNASKED = 3;

interface EarlyStartDependencies {
  readonly documents: Pick<Documents, "cursor">;
  readonly runner: CompletionRunner;
  readonly usage: TokenUsage;
  readonly model: Pick<ModelFeature, "current">;
  /** Whether a document may be completed unasked. */
  isOn(snapshot: Snapshot): boolean;
  /** Milliseconds that a request would wait for the next key. */
  delayMs(): number;
}

export class EarlyStart {
  /** The document for which the editor requests completions while the user types. */
  private uri: string | undefined;
  private unasked = 0;

  constructor(private readonly parts: EarlyStartDependencies) {}

  /** The editor, not the user, has requested a completion. */
  requested(uri: string): void {
    this.uri = uri;
    this.unasked = 0;
  }

  /** To be called after completions that no longer fit the edited document have ended. */
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
    // If the next key comes first, the editor has had no time to ask.
    setTimeout(() => {
      if (live.awaited || live.signal.aborted) return;
      this.unasked++;
      live.abort();
    }, ASKED_WITHIN_MS).unref();
  }
}

/**
 * Length of the text that a key has inserted before the cursor: a character, a line break with its indentation, or 0 if it
 * removed a character; undefined for any other edit.
 */
function lengthOfKey({ removed, added }: Edit): number | undefined {
  const typed = typedPart(added);
  if (typed === "") return removed.length === 1 ? 0 : undefined;
  return typed.length === 1 || /^\r?\n[ \t]*$/.test(typed) ? typed.length : undefined;
}
