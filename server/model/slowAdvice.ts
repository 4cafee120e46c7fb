/** Advice that would make first lines appear sooner, computed from measurements. */
import type { ModelEntry, SlowAdvice } from "../protocol/index.ts";

/** Medians of the last completions, in milliseconds and tokens, and the available alternatives. */
export interface SlowFacts {
  readonly lineMs: number;
  /** The part of `lineMs` that prefill takes, and the prompt tokens that it computed. */
  readonly prefillMs: number;
  readonly computedTokens: number;
  readonly contextTokens: number;
  readonly choices: readonly Pick<ModelEntry, "reference" | "title" | "lineMs" | "fit" | "recommended">[];
  /** A back end that works on this machine and is better than the one in use. */
  readonly betterBackend: string | undefined;
}

/** Advice must reduce the time to this share at most: a smaller gain would hardly be noticed. */
const WORTHWHILE = 0.7;
/** Share of the context that a prompt may take. */
const PROMPT_SHARE = 0.75;
/** A context shorter than this sees too little of a file. */
const LEAST_CONTEXT = 512;
const CONTEXT_STEP = 256;

/** What helps, a better back end first: it does not reduce the text's quality. */
export function slowAdvice(facts: SlowFacts): SlowAdvice[] {
  const { betterBackend } = facts;
  return [
    ...(betterBackend === undefined ? [] : [{ kind: "backend" as const, backend: betterBackend }]),
    ...modelAdvice(facts),
    ...contextAdvice(facts),
  ];
}

/** The recommended model if it is fast enough; else the best one that is: catalogues list models from small to large. */
function modelAdvice({ lineMs, choices }: SlowFacts): SlowAdvice[] {
  const faster = choices.flatMap(({ reference, title, fit, lineMs: expected, recommended }) =>
    fit === "yes" && expected !== undefined && expected <= WORTHWHILE * lineMs
      ? [{ kind: "model" as const, reference, title, lineMs: expected, recommended }]
      : [],
  );
  const slowest = faster.reduce(
    (a, b) => (b.lineMs > a.lineMs ? b : a),
    faster[0] as (typeof faster)[number],
  );
  const best = faster.find(({ recommended }) => recommended) ?? slowest;
  if (!best) return [];
  const { recommended, ...advice } = best;
  return [advice];
}

/** A shorter context, if prefill is the larger part of the time: one whose prompts are half as long. */
function contextAdvice({ lineMs, prefillMs, computedTokens, contextTokens }: SlowFacts): SlowAdvice[] {
  if (prefillMs <= lineMs / 2) return [];
  const wanted = computedTokens / 2 / PROMPT_SHARE;
  const tokens = Math.max(LEAST_CONTEXT, CONTEXT_STEP * Math.floor(wanted / CONTEXT_STEP));
  const readMs = prefillMs * Math.min(1, (tokens * PROMPT_SHARE) / computedTokens);
  const expected = lineMs - prefillMs + readMs;
  return tokens < contextTokens && expected <= WORTHWHILE * lineMs
    ? [{ kind: "context", tokens, lineMs: expected }]
    : [];
}
