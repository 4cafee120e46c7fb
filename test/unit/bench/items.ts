/** Items to complete, made of a short text. */
import type { Item } from "../../bench/suites.ts";
import { chaotic, FakeEngine } from "../../fakes/engine.ts";

export const { vocabulary } = new FakeEngine(chaotic);

export const item = (script?: Int32Array): Item => ({
  id: "item",
  uri: "item",
  prompt: {
    tokens: vocabulary.tokenize("a,b;a,b;a,b;"),
    history: vocabulary.tokenize("a,b;a,b;a,b;"),
    after: new Int32Array(0),
  },
  maxTokens: script?.length ?? 24,
  script,
});
