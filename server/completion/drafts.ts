/**
 * What drafting remembers while the server runs: one memory for the loaded model, fed with texts that are suggested,
 * accepted and deleted in the documents. Its calibration is kept per workspace between starts.
 */
import { DraftMemory, DraftModel } from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import type { DocumentChange, Documents } from "../lsp/index.ts";
import { type Snapshot, withLineFeeds } from "../text/index.ts";
import { CalibrationStore } from "./calibrationStore.ts";

/** Characters before a remembered text by which it is recognised when it occurs again. */
const RECOGNISED_BY = 80;
/** Deletions shorter than this are corrections, longer ones whole files. */
const DELETED_CHARACTERS = { least: 8, most: 4_000 };
/** The calibration is saved each time after this many completions. */
const KEEP_EVERY = 40;

interface Suggestion {
  readonly uri: string;
  readonly offset: number;
  readonly text: string;
}

export class Drafts {
  private engine: Engine | undefined;
  private memory: DraftMemory | undefined;
  private draftModel: DraftModel | undefined;
  private suggestion: Suggestion | undefined;
  /** End of the last suggestion whose acceptance was seen in its document; its accept command may still arrive. */
  private seen: { readonly uri: string; readonly end: number } | undefined;
  private completions = 0;
  private readonly calibrations: CalibrationStore;

  /**
   * @param warn writes to the log @param reported is called with each suggestion that is accepted whole
   * @param isLoaded whether a model is loaded: nothing may be tokenized with one that was freed
   */
  constructor(
    documents: Pick<Documents, "watch">,
    private readonly warn: (message: string) => void,
    private readonly reported: () => void = () => {},
    private readonly isLoaded: (engine: Engine) => boolean = () => true,
  ) {
    this.calibrations = new CalibrationStore(warn);
    documents.watch(change => this.changed(change));
  }

  /** @param directory where the calibration is kept; undefined keeps none @param folders the workspace's */
  start(directory: string | undefined, folders: readonly string[]): void {
    this.calibrations.start(directory, folders);
  }

  /** The memory for a loaded model; it starts with what was learned in the workspace before. */
  memoryOf(engine: Engine): DraftMemory {
    if (this.engine === engine && this.memory) return this.memory;
    this.save();
    const known = this.engine?.vocabulary.fingerprint === engine.vocabulary.fingerprint;
    this.engine = engine;
    if (known && this.memory) this.memory.adopt(engine.vocabulary);
    else {
      this.memory = new DraftMemory(engine.vocabulary);
      this.calibrations.restore(this.memory.calibration, engine.vocabulary.fingerprint);
    }
    return this.memory;
  }

  /** A draft model with its state, which is kept as long as it is the same engine. @param engine the draft model's own */
  draftModelOf(engine: Engine | undefined): DraftModel | undefined {
    if (this.draftModel?.engine !== engine) this.draftModel = engine && new DraftModel(engine, this.warn);
    return this.draftModel;
  }

  /** Records a text suggested at a place, to draft from it when a completion is requested there again. */
  suggested(snapshot: Snapshot, text: string): void {
    if (text === "") return;
    this.shown(snapshot, text);
    const { offset, text: document } = snapshot;
    const before = recognisedBy(document, offset);
    this.remember(before, text, tokens => this.memory?.recent.add(tokens));
    if (++this.completions % KEEP_EVERY === 0) this.save();
  }

  /** Records the text shown at a place, to recognise it when it is accepted. */
  shown({ uri, offset }: Snapshot, text: string): void {
    this.suggestion = { uri, offset, text };
  }

  /** Records an edit: what was deleted, and whether the suggestion was accepted. */
  private changed({ uri, text, edit }: DocumentChange): void {
    if (!edit) return;
    const { start, removed, added } = edit;
    const deleted = rememberedDeletion(text, start, removed);
    if (deleted !== undefined) this.remember("", deleted, tokens => this.memory?.recent.add(tokens));
    const accepted = this.acceptedBy(uri, start, added, text);
    if (!accepted) return;
    this.seen = { uri, end: accepted.offset + accepted.text.length };
    this.takeAccepted(recognisedBy(text, start), added);
  }

  /**
   * Records that the suggestion at a place was accepted, unless an edit of its document has shown that already. Its
   * completion may still be growing, or others may have followed it.
   */
  accepted({ uri, offset, text: document }: Snapshot, text: string): void {
    const { seen } = this;
    this.seen = undefined;
    if (text === "" || (seen?.uri === uri && seen.end === offset + text.length)) return;
    this.takeAccepted(recognisedBy(document, offset), text);
  }

  /** Records that the beginning of a suggestion was accepted. */
  acceptedPart({ offset, text: document }: Snapshot, part: string): void {
    if (part === "") return;
    this.rememberAccepted(recognisedBy(document, offset), part);
  }

  private takeAccepted(before: string, text: string): void {
    this.suggestion = undefined;
    this.rememberAccepted(before, text);
    this.reported();
  }

  /** Keeps what was learned of the sources. */
  save(): void {
    const { engine, memory } = this;
    if (engine && memory) this.calibrations.save(memory.calibration, engine.vocabulary.fingerprint);
  }

  private rememberAccepted(before: string, text: string): void {
    this.remember(before, text, tokens => this.memory?.accepted.add(tokens));
  }

  private remember(before: string, text: string, add: (tokens: Int32Array) => void): void {
    const { engine } = this;
    if (engine && this.isLoaded(engine)) add(engine.vocabulary.tokenize(withLineFeeds(before + text)));
  }

  /** The last suggestion, if a single change inserted it, or the rest of it, into its document. */
  private acceptedBy(uri: string, start: number, added: string, text: string): Suggestion | undefined {
    const last = this.suggestion;
    if (!last || last.uri !== uri || added.length < 2 || start < last.offset) return undefined;
    const inDocument = withLineFeeds(text.slice(last.offset, start + added.length));
    return inDocument === last.text ? last : undefined;
  }
}

/**
 * A text that was deleted at a place, in the form in which it is remembered: with the end of the text before it. Undefined if
 * it is too short or too long to draft from.
 */
export function rememberedDeletion(text: string, offset: number, deleted: string): string | undefined {
  const { least, most } = DELETED_CHARACTERS;
  if (deleted.length < least || deleted.length > most) return undefined;
  return recognisedBy(text, offset) + deleted;
}

/** The end of a text before a place. */
const recognisedBy = (text: string, offset: number) =>
  text.slice(Math.max(0, offset - RECOGNISED_BY), offset);
