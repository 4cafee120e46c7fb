/** What is shown at a place while a text grows, for tests: the cursor is at ¦. */
import assert from "node:assert/strict";
import { placeAt } from "../../server/postprocess/place.ts";
import { shape } from "../../server/postprocess/shape.ts";
import { surroundings } from "../../server/text/snapshot.ts";

/** What is shown at the mark of a document as `raw` grows character by character, and once it has ended. */
export function shown(marked: string, raw: string, languageId: string): string {
  const offset = marked.indexOf("¦");
  const text = marked.replace("¦", "");
  const snapshot = { uri: "file:///a", version: 1, languageId, text, offset };
  const { place } = placeAt(snapshot, surroundings(snapshot), undefined);
  let last = "";
  const grow = (next: string, what: string) => {
    assert.ok(next.startsWith(last), `${JSON.stringify(last)} became ${JSON.stringify(next)} with ${what}`);
    last = next;
  };
  for (let length = 1; length <= raw.length; length++) {
    const shaped = shape(raw.slice(0, length), place, false);
    grow(shaped.text, raw.slice(0, length));
    if (shaped.stopped) return last;
  }
  grow(shape(raw, place, true).text, "the end");
  return last;
}

export type Case = [languageId: string, marked: string, raw: string, expected: string];

export function assertShown(cases: readonly Case[]): void {
  for (const [languageId, marked, raw, expected] of cases)
    assert.equal(shown(marked, raw, languageId), expected, marked);
}
