/** Token healing: turns continuations of the text before an unfinished word into continuations of its letters. */
import type { Evidence } from "./evidence.ts";
import type { TokenHistory } from "./history.ts";
import type { DraftVocabulary, TokenTexts } from "./tokenTexts.ts";

/**
 * Heals evidence that was found for the text before an unfinished word; does nothing if no word is held back. If no row is
 * left, it is searched for again: the word may stand elsewhere as it is tokenized now.
 * @param searchAgain adds what is found for the history with the word in the model's own tokens
 */
export function healOrSearchAgain(
  evidence: Evidence,
  history: TokenHistory,
  texts: TokenTexts | undefined,
  searchAgain: (whole: Int32Array) => void,
): void {
  if (history.held.length === 0 || !texts) return;
  heal(evidence, history.held, texts.vocabulary);
  if (evidence.rows === 0) searchAgain(history.whole());
}

/**
 * Keeps the rows that begin with the letters of a held word and removes these letters: the rest of the word becomes
 * tokens as the model would generate it, and the tokens after the word stay. To be called between `add` and `ready`.
 */
export function heal(evidence: Evidence, held: Uint8Array, vocabulary: DraftVocabulary): void {
  const { tokens, width, lengths, weights, recencies, nearnesses } = evidence;
  const endings = new Map<string, Int32Array>();
  let kept = 0;
  for (let row = 0; row < evidence.rows; row++) {
    const start = row * width;
    const word = wordAfter(tokens, start, width, held, vocabulary);
    if (!word) continue;
    let ending = endings.get(word.rest);
    if (!ending) {
      ending = vocabulary.tokenize(word.rest, true);
      endings.set(word.rest, ending);
    }
    const following = tokens.slice(start + word.tokens, start + width);
    const target = kept * width;
    const room = width - Math.min(width, ending.length);
    tokens.set(ending.subarray(0, width), target);
    tokens.set(following.subarray(0, room), target + width - room);
    const end = ending.length + following.length;
    if (end < width) tokens[target + end] = -1;
    lengths[kept] = lengths[row] + word.tokens;
    weights[kept] = weights[row];
    recencies[kept] = recencies[row];
    nearnesses[kept] = nearnesses[row];
    kept++;
  }
  evidence.rows = kept;
}

/** How many tokens cover the letters, and the rest of the last one's text beyond them. */
function wordAfter(
  tokens: Int32Array,
  start: number,
  width: number,
  held: Uint8Array,
  vocabulary: DraftVocabulary,
): { tokens: number; rest: string } | undefined {
  let covered = 0;
  let count = 0;
  while (covered < held.length) {
    if (count === width || tokens[start + count] < 0) return undefined;
    const bytes = vocabulary.bytes(tokens[start + count++]);
    const letters = Math.min(bytes.length, held.length - covered);
    if (letters === 0) return undefined;
    for (let i = 0; i < letters; i++) if (bytes[i] !== held[covered + i]) return undefined;
    covered += bytes.length;
    if (covered > held.length) {
      const rest = new TextDecoder().decode(bytes.subarray(letters));
      // The letters end within a character.
      return rest.includes("\uFFFD") ? undefined : { tokens: count, rest };
    }
  }
  return { tokens: count, rest: "" };
}
