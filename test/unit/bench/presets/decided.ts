import type { generate } from "../../../../server/completion/generate.ts";

/** Runs a generation to its end: all tokens, and by step how many were drafted and accepted. */
export async function decided(
  steps: ReturnType<typeof generate>,
): Promise<{ tokens: number[]; drafted: number[]; accepted: number[] }> {
  const tokens: number[] = [];
  const drafted: number[] = [];
  const accepted: number[] = [];
  for (let next = await steps.next(); !next.done; next = await steps.next()) {
    if (next.value.kind !== "step") continue;
    tokens.push(...next.value.tokens);
    drafted.push(next.value.drafted);
    accepted.push(next.value.accepted);
  }
  return { tokens, drafted, accepted };
}
