/** Makes the recorded figures of a request from the server's report and what the editor has seen. */
import type { EndedRequest } from "../server/protocol/index.ts";
import type { RequestEvent } from "./figures/index.ts";

/** Ends that are not recorded: no answer was expected any more, or none was possible. */
const PASSED_OVER = ["aborted", "suppressed"];

/**
 * The event of a request; undefined for one that is not recorded.
 * @param keyToSightMs from the key to the first text, undefined where none was shown @param at milliseconds since 1970
 */
export function requestEvent(
  { outcome, timeline, computed }: EndedRequest,
  keyToSightMs: number | undefined,
  at: number,
): RequestEvent | undefined {
  if (PASSED_OVER.includes(outcome.kind)) return undefined;
  const { queuedMs, prefilledMs, firstTextMs } = timeline;
  const isComputed = outcome.kind === "shown" && firstTextMs !== undefined && keyToSightMs !== undefined;
  const began = Math.min(queuedMs ?? 0, firstTextMs ?? 0);
  const read = Math.min(Math.max(began, prefilledMs ?? began), firstTextMs ?? 0);
  return {
    at,
    kind: outcome.kind,
    ...(isComputed && {
      latency: {
        wait: began,
        prompt: read - began,
        decode: firstTextMs - read,
        editor: Math.max(0, keyToSightMs - firstTextMs),
      },
    }),
    tokens: computed?.tokens ?? 0,
    steps: computed?.steps ?? 0,
    decodeMs: computed?.decodeMs ?? 0,
    plainMs: computed?.plainMs,
    sources: computed?.sources ?? [],
  };
}
