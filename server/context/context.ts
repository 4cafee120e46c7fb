/**
 * Chooses what to show of other files: the windows of lines whose identifiers are most similar to those
 * around the cursor, and what was edited last. Pure except for the deadline, after which no further file is
 * examined.
 */
import type { ContextFile } from "../prompt/index.ts";
import { withLineFeeds } from "../text/index.ts";

/** A text beside the one that is completed. */
export interface OtherText {
  readonly path: string;
  readonly text: string;
  /** Grows with every change of any text: shows which one was changed last. */
  readonly changed: number;
  /** First line of the last edit; undefined for a text that was only opened. */
  readonly editedLine: number | undefined;
}

const WINDOW_LINES = 60;
/** Windows begin this many lines apart. */
const STRIDE_LINES = 20;
const STRIDES = WINDOW_LINES / STRIDE_LINES;
const MAX_WINDOWS = 4;
/** Windows less similar than this are irrelevant to the place. */
const MIN_LIKENESS = 0.05;
/** Windows more similar than this repeat what is around the cursor already. */
const MAX_LIKENESS = 0.5;
/** Lines shown around an edit. */
const EDIT_LINES = 20;
const RECENT_EDITS = 2;
/** Longer texts are data, and are not examined. */
export const LONGEST_TEXT = 400_000;

const IDENTIFIER = /[\p{L}_][\p{L}\p{N}_]{2,}/gu;

const identifiers = (lines: readonly string[]) => new Set(lines.join("\n").match(IDENTIFIER) ?? []);

/** An unchanged text stays the same object, so the identifiers of its windows are computed once. */
const windowsOf = new WeakMap<OtherText, readonly ReadonlySet<string>[]>();

/** The identifiers of each window of a text, in order. */
function windowIdentifiers(other: OtherText, lines: readonly string[]): readonly ReadonlySet<string>[] {
  const known = windowsOf.get(other);
  if (known) return known;
  const strides: ReadonlySet<string>[] = [];
  for (let from = 0; from < lines.length; from += STRIDE_LINES)
    strides.push(identifiers(lines.slice(from, from + STRIDE_LINES)));
  const count = Math.max(1, strides.length - STRIDES + 1);
  const found = Array.from(
    { length: count },
    (_, first) => new Set(strides.slice(first, first + STRIDES).flatMap(stride => [...stride])),
  );
  windowsOf.set(other, found);
  return found;
}

/** The share of the members of either set that are in both (Jaccard), 0 to 1. */
export function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  let common = 0;
  for (const each of a) if (b.has(each)) common++;
  return common / (a.size + b.size - common);
}

/** The identifiers around an offset of a text. */
export function identifiersAround(text: string, offset: number): Set<string> {
  const above = text.slice(Math.max(0, offset - 80 * WINDOW_LINES), offset).split("\n");
  const below = text.slice(offset, offset + 80 * WINDOW_LINES).split("\n");
  return identifiers([...above.slice(-WINDOW_LINES / 2), ...below.slice(0, WINDOW_LINES / 2)]);
}

interface Window {
  readonly other: OtherText;
  readonly lines: readonly string[];
  readonly likeness: number;
}

/**
 * The windows to put before a document, those of texts changed longest ago first: the KV cache of everything
 * before a change is reused.
 * @param around identifiers around the cursor @param expired whether the time is up
 */
export function contextFiles(
  around: ReadonlySet<string>,
  others: readonly OtherText[],
  expired: () => boolean = () => false,
): ContextFile[] {
  const windows: Window[] = [];
  // The latest changes matter most, so they are examined first.
  const latest = [...others].sort((a, b) => b.changed - a.changed);
  const edited = latest.filter(({ editedLine }) => editedLine !== undefined).slice(0, RECENT_EDITS);
  for (const other of latest) {
    if (expired()) break;
    const lines = withLineFeeds(other.text).split("\n");
    const best = edited.includes(other) ? editWindow(other, lines, around) : bestWindow(other, lines, around);
    if (best) windows.push(best);
  }
  const rank = ({ other, likeness: own }: Window) => (edited.includes(other) ? 1 + own : own);
  return windows
    .sort((a, b) => rank(b) - rank(a) || (a.other.path < b.other.path ? -1 : 1))
    .slice(0, MAX_WINDOWS)
    .sort((a, b) => a.other.changed - b.other.changed)
    .map(({ other, lines }) => ({ path: other.path, text: lines.join("\n") }));
}

function bestWindow(
  other: OtherText,
  lines: readonly string[],
  around: ReadonlySet<string>,
): Window | undefined {
  let best: Window | undefined;
  for (const [index, window] of windowIdentifiers(other, lines).entries()) {
    const own = likeness(around, window);
    if (own < MIN_LIKENESS || own > MAX_LIKENESS || own <= (best?.likeness ?? 0)) continue;
    const from = index * STRIDE_LINES;
    best = { other, lines: lines.slice(from, from + WINDOW_LINES), likeness: own };
  }
  return best;
}

/** The lines around a text's last edit, unless they repeat what is around the cursor. */
function editWindow(
  other: OtherText,
  lines: readonly string[],
  around: ReadonlySet<string>,
): Window | undefined {
  const middle = other.editedLine ?? 0;
  const window = lines.slice(Math.max(0, middle - EDIT_LINES / 2), middle + EDIT_LINES / 2);
  const own = likeness(around, identifiers(window));
  if (own > MAX_LIKENESS || window.every(line => line.trim() === "")) return undefined;
  return { other, lines: window, likeness: own };
}
