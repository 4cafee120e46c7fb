/** Lines, pages and files of a source that are damaged and were passed over; the first are named. */
export interface Damage {
  readonly count: number;
  readonly names: readonly string[];
}

const SHOWN_NAMES = 3;

/** The damage in words: how much of it there is, and where. */
export function damageText({ count, names }: Damage): string {
  const shown = names.slice(0, SHOWN_NAMES);
  const more = count > shown.length ? ` and ${count - shown.length} more` : "";
  const parts = count === 1 ? "1 damaged part was" : `${count} damaged parts were`;
  return `${parts} passed over: ${shown.join("; ")}${more}.`;
}
