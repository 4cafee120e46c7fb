/** A number with what it counts: "1 token", "2 tokens". @param one the singular of a word whose plural ends with s */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;
