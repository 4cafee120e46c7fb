/** A store as the published methods index it; each index is made when first requested. */
import { SEPARATOR, type Store, tokenStream } from "../../../datastores/index/index.ts";
import type { Vocabulary } from "../../../server/engine/index.ts";
import { RestSearch, SuffixMemory, suffixArray } from "../restSearch.ts";
import { corpusAutomaton } from "./sam.ts";
import type { SuffixAutomaton } from "./suffixAutomaton.ts";

/** 8 bytes per token, and as many again while the index is sorted. */
const MAX_REST_TOKENS = 64_000_000;
/** About 90 bytes per token. */
const MAX_SAM_TOKENS = 8_000_000;

/** Tokens of the store, and how many of them each index has; null for an index that was not requested. */
export interface StoreUse {
  readonly tokens: number;
  readonly restTokens: number | null;
  readonly samTokens: number | null;
}

export class StoreData {
  private search: RestSearch | undefined;
  private automaton: SuffixAutomaton | undefined;
  private readonly taken: { rest: number | null; sam: number | null } = { rest: null, sam: null };

  /** @param store closed by the caller that opened it */
  constructor(
    private readonly store: Store,
    private readonly vocabulary: Vocabulary,
  ) {}

  get use(): StoreUse {
    return { tokens: this.store.tokenCount, restTokens: this.taken.rest, samTokens: this.taken.sam };
  }

  rest(): RestSearch {
    if (!this.search) {
      const stream = tokenStream(this.store, MAX_REST_TOKENS);
      this.search = new RestSearch(new SuffixMemory(stream, suffixArray(stream)));
      this.taken.rest = stream.length;
    }
    return this.search;
  }

  sam(): SuffixAutomaton {
    if (!this.automaton) {
      const stream = tokenStream(this.store, MAX_SAM_TOKENS);
      this.automaton = corpusAutomaton(stream, SEPARATOR, endToken(this.vocabulary));
      this.taken.sam = stream.length;
    }
    return this.automaton;
  }
}

/** The first token that ends a text. */
function endToken(vocabulary: Vocabulary): number {
  for (let token = 0; token < vocabulary.size; token++) if (vocabulary.endsText(token)) return token;
  throw new Error("the vocabulary has no token that ends a text");
}
