/** A filter of a build that takes every document but empty ones. */
import type { DocumentFilter } from "../../datastores/build/index.ts";
import { sketchOf } from "../../datastores/filters/sketch.ts";

export const takesAll: DocumentFilter = {
  identity: "all",
  forInput: () => ({
    judge: ({ text }) =>
      text === "" ? { kind: "dropped", reason: "empty" } : { kind: "taken", sketch: sketchOf(text) },
  }),
};
