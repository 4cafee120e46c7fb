/**
 * Judges from the page's animation frames what users see of ghost text while typing.
 *
 * The rule. Without a key in between, ghost text may appear and may grow; it may not vanish, and what is shown may not
 * change. A key that agrees with what is shown leaves line and ghost text as a whole as they are, or lets them grow,
 * until all of it has been typed. Any other key (one that continues differently, a deletion) frees the editor to take
 * ghost text away or to show another. So `E`, the text from the beginning of the place to the end of the ghost text
 * that was seen last, holds until a key disagrees or has typed all of it, and as long as it holds
 * - a frame with other ghost text is flicker (`replaced`),
 * - frames without it or a part of it, until it is there again, are flicker (`blinked`),
 * - frames without it until `E` holds no more are flicker (`vanished`).
 *
 * Line and lines below are compared each by itself, as VS Code may draw the two a frame apart. VS Code draws a key
 * with the next frame or a later one. Passed over are frames that repeat what was shown at the key, as long as the line
 * itself shows that the key is not drawn, else for a while; and for a while, other frames of the line before the key.
 */
import type { Frame } from "../../editor/probe.ts";

/** A key, and what it made of the text. */
export interface TypedKey {
  /** Milliseconds in the frames' clock. */
  readonly at: number;
  /** Text from the beginning of the place's first line to the cursor, including the key. */
  readonly typed: string;
}

export interface Flicker {
  readonly kind: "replaced" | "blinked" | "vanished";
  /** Milliseconds in the frames' clock. */
  readonly at: number;
  /** How long ghost text was gone before; 0 if other ghost text replaced it. */
  readonly goneMs: number;
  /** Since the last key. */
  readonly sinceKeyMs: number;
  /** The text seen before, and the frame that broke the rule; for a gap, the frame that ended it. */
  readonly expected: string;
  readonly seen: string;
  readonly typed: string;
}

/** Results of watching. */
export interface Sight {
  readonly flickers: readonly Flicker[];
  /** For each key, the milliseconds until ghost text was first seen, if none could be kept from before. */
  readonly firstMs: readonly (number | undefined)[];
  /** For each key, whether it agreed with visible ghost text. */
  readonly agreed: readonly boolean[];
}

/** Most milliseconds until VS Code draws a key, if the frame itself does not show it: a few frames. */
export const REACTION_MS = 60;

type Drawn = Pick<Frame, "line" | "below">;

const isShown = ({ line, below }: Drawn) => line !== "" || below !== "";
const same = (a: Drawn, b: Drawn) => a.line === b.line && a.below === b.below;

/** The cursor's line of a whole text and the lines below it, in the form of a frame. */
function drawnOf(whole: string, typed: string): Drawn {
  const [line = "", ...below] = whole.slice(typed.lastIndexOf("\n") + 1).split("\n");
  const inline = /^[^\n]*/.exec(whole.slice(typed.length))?.[0];
  return { line: inline === "" ? "" : line, below: below.join("\n") };
}

function wholeOf({ line, below }: Drawn, typed: string): string {
  const lineStart = typed.lastIndexOf("\n") + 1;
  const first = line === "" ? typed : typed.slice(0, lineStart) + line;
  return below === "" ? first : `${first}\n${below}`;
}

/** Whether a frame shows at least what is expected. */
function holds(drawn: Drawn, expected: Drawn): boolean {
  return drawn.line.startsWith(expected.line) && drawn.below.startsWith(expected.below);
}

/** Whether a frame shows a part of what is expected: the line or the lines below. */
function holdsPart({ line, below }: Drawn, expected: Drawn): boolean {
  return (
    holds({ line: line || expected.line, below: below || expected.below }, expected) &&
    !holds({ line, below }, expected)
  );
}

/** Follows frames and keys in the order of time. */
class Watcher {
  readonly flickers: Flicker[] = [];
  readonly firstMs: (number | undefined)[] = [];
  readonly agreed: boolean[] = [];
  private typed = "";
  private key: TypedKey | undefined;
  private expected: string | undefined;
  private goneSince: number | undefined;
  private last: Drawn = { line: "", below: "" };
  /** What was shown when the key was pressed, until a frame shows something else. */
  private stale: Drawn | undefined;

  press(key: TypedKey): void {
    const { expected, typed } = this;
    const grew = key.typed.length > typed.length && key.typed.startsWith(typed);
    const agrees = expected !== undefined && grew && expected.startsWith(key.typed);
    if (!agrees || key.typed === expected) this.release(key.at);
    this.agreed.push(agrees);
    this.firstMs.push(undefined);
    this.typed = key.typed;
    this.key = key;
    this.stale = isShown(this.last) ? this.last : undefined;
  }

  see(frame: Frame): void {
    this.last = frame;
    const isSoon = frame.at - (this.key?.at ?? Number.NEGATIVE_INFINITY) < REACTION_MS;
    const line = this.typed.slice(this.typed.lastIndexOf("\n") + 1);
    const isOfEarlierKey = frame.line !== "" && frame.before !== line;
    if (this.stale && (isSoon || isOfEarlierKey) && same(frame, this.stale)) return;
    this.stale = undefined;
    if (isOfEarlierKey && isSoon) return;
    if (isShown(frame)) this.seeText(frame);
    else if (this.expected !== undefined) this.goneSince ??= frame.at;
  }

  /** What was seen may go away from now on. */
  release(at: number): void {
    if (this.goneSince !== undefined) this.tell("vanished", at, "");
    this.expected = undefined;
    this.goneSince = undefined;
  }

  private seeText(frame: Frame): void {
    const { typed, expected, key } = this;
    const whole = wholeOf(frame, typed);
    if (expected === undefined && key) this.firstMs[this.firstMs.length - 1] ??= frame.at - key.at;
    if (expected !== undefined && holdsPart(frame, drawnOf(expected, typed))) {
      this.goneSince ??= frame.at;
      return;
    }
    if (expected !== undefined && !holds(frame, drawnOf(expected, typed)))
      this.tell("replaced", frame.at, whole);
    else if (this.goneSince !== undefined) this.tell("blinked", frame.at, whole);
    this.expected = whole;
    this.goneSince = undefined;
  }

  private tell(kind: Flicker["kind"], at: number, seen: string): void {
    const { expected = "", typed, goneSince = at, key } = this;
    const sinceKeyMs = at - (key?.at ?? at);
    this.flickers.push({ kind, at, goneMs: at - goneSince, sinceKeyMs, expected, seen, typed });
  }
}

/**
 * @param frames in the order of time @param keys likewise
 * @param typed what stands from the beginning of the place's first line to the cursor before the first key
 */
export function watch(frames: readonly Frame[], keys: readonly TypedKey[], typed = ""): Sight {
  const watcher = new Watcher();
  watcher.press({ at: Number.NEGATIVE_INFINITY, typed });
  let next = 0;
  for (const frame of frames) {
    for (let key = keys[next]; key && key.at <= frame.at; key = keys[++next]) watcher.press(key);
    watcher.see(frame);
  }
  for (const key of keys.slice(next)) watcher.press(key);
  watcher.release(frames.at(-1)?.at ?? 0);
  const [, ...firstMs] = watcher.firstMs;
  const [, ...agreed] = watcher.agreed;
  return { flickers: watcher.flickers, firstMs, agreed };
}
