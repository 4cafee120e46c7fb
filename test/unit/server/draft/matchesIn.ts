/** Where the end of a text occurs in another, worked out place by place. */

/** All matches by definition: the longest first, the later of equal ones first. */
export function matchesIn(
  tokens: readonly number[],
  context: readonly number[],
  shortest: number,
): [number, number][] {
  const matches: [number, number][] = [];
  for (let next = 1; next < tokens.length; next++) {
    const length = Array.from({ length: 32 }, (_, i) => i).findIndex(
      i => i >= Math.min(next, context.length) || tokens[next - 1 - i] !== context[context.length - 1 - i],
    );
    const matched = length < 0 ? 32 : length;
    if (matched >= shortest && (tokens[next] as number) >= 0) matches.push([matched, next]);
  }
  return matches.sort((a, b) => b[0] - a[0] || b[1] - a[1]);
}
