import { openStore, readStore } from "../../datastores/build/index.ts";
import { Lookup, type Store } from "../../datastores/index/index.ts";
import { StoreError } from "../../datastores/index.ts";
import { type CorpusSource, SourceThrottle } from "../draft/index.ts";
import { UsageError } from "../system/index.ts";

/** Few places, since each is read from the file, and a tree of a small model has hardly more nodes. */
const LOOKUP = { samples: 24, continuation: 16, shortest: 2 };

/** An open store to draft from. */
export const sourceOf = (store: Store): CorpusSource => ({
  name: "datastore",
  corpus: new Lookup(store, LOOKUP),
  throttle: new SourceThrottle(),
});

/** One store to draft from, for a command that was given its folder. Throws a `UsageError`. */
export function openCorpus(
  directory: string,
  fingerprint: string,
): { readonly sources: readonly CorpusSource[]; readonly store: Store } {
  try {
    const { tokenizer } = readStore(directory);
    if (tokenizer.fingerprint !== fingerprint)
      throw new UsageError(
        `${directory} was built for the tokenizer of ${tokenizer.model}. Build it again with --model.`,
      );
    const store = openStore(directory);
    return { sources: [sourceOf(store)], store };
  } catch (error) {
    if (error instanceof StoreError) throw new UsageError(error.message);
    throw error;
  }
}
