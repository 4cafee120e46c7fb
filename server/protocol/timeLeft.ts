/** From here on, times are given in minutes. */
const LONG_SECONDS = 90;

/** Remaining time as a part of a line of progress: ", 12 s left"; "" if unknown. */
export function timeLeftText(leftMs: number | undefined): string {
  if (leftMs === undefined) return "";
  const seconds = Math.ceil(leftMs / 1000);
  return `, ${seconds < LONG_SECONDS ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
}
