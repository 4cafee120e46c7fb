/** From here on seconds say too much. */
const LONG_SECONDS = 90;

/** How long something still takes, as a part of a line of progress: ", 12 s left"; "" where that is not known. */
export function timeLeftText(leftMs: number | undefined): string {
  if (leftMs === undefined) return "";
  const seconds = Math.ceil(leftMs / 1000);
  return `, ${seconds < LONG_SECONDS ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
}
