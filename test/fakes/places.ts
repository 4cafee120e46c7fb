/** Places in documents, for tests of shown completions: the cursor is at ‸. */
import { join } from "node:path";
import { type Place, placeAt } from "../../server/postprocess/place.ts";
import { type Shaped, shape } from "../../server/postprocess/shape.ts";
import { Grammars } from "../../server/syntax/grammars.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { surroundings } from "../../server/text/snapshot.ts";

export const grammars = new Grammars(join(packageRoot(), "dist", "grammars"));

export function place(marked: string, languageId = "python"): { place: Place; dispose: () => void } {
  const offset = marked.indexOf("‸");
  const snapshot = { uri: "file:///a", languageId, version: 1, text: marked.replace("‸", ""), offset };
  return placeAt(snapshot, surroundings(snapshot), grammars);
}

/** The shown part of `raw` at a place, once it is complete. */
export function shown(marked: string, raw: string, languageId = "python", ended = false): Shaped {
  const { place: at, dispose } = place(marked, languageId);
  try {
    return shape(raw, at, ended);
  } finally {
    dispose();
  }
}
