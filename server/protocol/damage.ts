/** Damaged lines, pages and files of a source that were skipped; the first ones are named. */
export interface Damage {
  readonly count: number;
  readonly names: readonly string[];
}

const SHOWN_NAMES = 3;

/** The damage as a sentence: how much there is, and where. */
export function damageText({ count, names }: Damage): string {
  const shown = names.slice(0, SHOWN_NAMES);
  const more = count > shown.length ? ` and ${count - shown.length} more` : "";
  const parts = count === 1 ? "1 damaged part was" : `${count} damaged parts were`;
  return `${parts} passed over: ${shown.join("; ")}${more}.`;
}
