/** What a source of drafts offers first, token by token. */
import type { TokenHistory } from "../../../../../server/draft/history.ts";
import { type DraftSource, Offers, ROOT_CURSOR } from "../../../../../server/draft/source.ts";

/** The tokens a source offers first, followed along the first offer of each node. */
export function chain(source: DraftSource, history: TokenHistory, depth: number): number[] {
  source.search(history);
  const offers = new Offers();
  const tokens: number[] = [];
  let cursor = ROOT_CURSOR;
  let path = history.tokens[history.size - 1] ?? -1;
  for (let i = 0; i < depth; i++) {
    offers.clear();
    source.children(cursor, path, offers);
    if (offers.count === 0) break;
    tokens.push(offers.tokens[0] as number);
    cursor = offers.cursors[0] as number;
    path = offers.tokens[0] as number;
  }
  return tokens;
}
