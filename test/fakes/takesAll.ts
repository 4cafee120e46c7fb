/** A build's filter that accepts all documents except empty ones. */
import type { DocumentFilter } from "../../datastores/build/index.ts";
import { sketchOf } from "../../datastores/filters/sketch.ts";

export const takesAll: DocumentFilter = {
  identity: "all",
  forInput: () => ({
    judge: ({ text }) =>
      text === "" ? { kind: "dropped", reason: "empty" } : { kind: "taken", sketch: sketchOf(text) },
  }),
};
