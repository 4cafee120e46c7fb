/** Drafts from texts other than the document: a datastore, the files of the workspace, what was accepted before. */
import { type Ending, Evidence } from "../evidence.ts";
import { healOrSearchAgain } from "../healing.ts";
import type { TokenHistory } from "../history.ts";
import type { DraftSource, Offers, SourceName } from "../source.ts";
import type { SourceThrottle } from "../sourceThrottle.ts";
import type { TokenTexts } from "../tokenTexts.ts";

/** A searchable collection of texts, and the result of its last search. */
export interface Corpus {
  /** Searches the longest suffix of `tokens[0..end)` that occurs. */
  find(tokens: Int32Array, end: number): void;
  /** Continuations found. */
  readonly count: number;
  /** Tokens of a continuation. */
  readonly continuation: number;
  /** `count` rows of `continuation` tokens, negative from where a text ends. */
  readonly continuations: Int32Array;
  /** Tokens each row's text shares with the context. */
  readonly matchLengths: Uint8Array;
  /** Occurrences each row stands for. */
  readonly weights: Float32Array;
  /** How near each row's text is to the document: 1 in the same folder, falling to 0. Absent: nobody knows. */
  readonly nearnesses?: Float32Array;
  /** How recent each row's text is: 1 newest, falling to 0. Absent: nobody knows. */
  readonly recencies?: Float32Array;
}

/** A corpus, and whether asking it pays. The throttle is kept from completion to completion. */
export interface CorpusSource {
  readonly name: Extract<SourceName, "workspace" | "datastore" | "accepted">;
  readonly corpus: Corpus;
  readonly throttle: SourceThrottle;
}

export class CorpusDrafts implements DraftSource {
  readonly name: SourceName;
  private readonly corpus: Corpus;
  private readonly evidence: Evidence;

  constructor(
    { name, corpus }: CorpusSource,
    private readonly texts?: TokenTexts,
    ending?: Ending,
  ) {
    this.name = name;
    this.corpus = corpus;
    const most = Math.floor(corpus.continuations.length / corpus.continuation);
    this.evidence = new Evidence(most, corpus.continuation, ending);
  }

  search(history: TokenHistory): void {
    const { evidence, texts } = this;
    this.take(history.tokens, history.size);
    healOrSearchAgain(evidence, history, texts, whole => this.take(whole, whole.length));
    evidence.ready();
  }

  children(cursor: number, _path: number, offers: Offers): void {
    this.evidence.children(cursor, offers);
  }

  /** Replaces the evidence by what the corpus has after `context[0..end)`. */
  private take(context: Int32Array, end: number): void {
    const { corpus, evidence } = this;
    corpus.find(context, end);
    const { continuation, continuations, matchLengths, weights, recencies, nearnesses } = corpus;
    evidence.clear();
    for (let i = 0; i < corpus.count; i++) {
      const start = i * continuation;
      const row = evidence.add(continuations, start, start + continuation, matchLengths[i], weights[i]);
      if (row < 0) break;
      if (recencies) evidence.recencies[row] = recencies[i];
      if (nearnesses) evidence.nearnesses[row] = nearnesses[i];
    }
  }
}
