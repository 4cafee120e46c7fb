/** A process that renders chat templates for its parent, and ends with it. */
import { runInNewContext } from "node:vm";
import { Template } from "@huggingface/jinja";
import type { RenderRequest, RenderResponse } from "./renderer.ts";

/** Longest time for a template, in milliseconds; ordinary ones take less than one. */
const RENDER_MS = 2_000;

// Ctrl-C in a terminal reaches this process too; what it stops is the parent's matter.
process.on("SIGINT", () => {});
process.on("message", (request: RenderRequest) => process.send?.(respond(request)));

function respond({ template, values }: RenderRequest): RenderResponse {
  const render = () => new Template(template).render({ ...values });
  try {
    // Only a call from a script of its own can be interrupted, also where the parent has ended meanwhile.
    return { text: runInNewContext("render()", { render }, { timeout: RENDER_MS }) as string };
  } catch (error) {
    // The error of an interrupted call is of the other context, and so no instance of this one's class.
    return { problem: (error as Error).message };
  }
}
