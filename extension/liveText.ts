import { agrees, remainderOf } from "../server/protocol/typedAlong.ts";

/**
 * The text of one completion while it arrives and while the user types along: where it began, what it
 * says so far, and whether the document still agrees with it. Knows nothing of providers or requests.
 */
export class LiveText {
  /** The whole text so far; only ever extended. */
  text = "";
  done = false;
  private waiting: (() => void)[] = [];

  /** @param uri document @param anchor offset of the cursor the text was asked for at, in UTF-16 units */
  constructor(
    readonly uri: string,
    readonly anchor: number,
  ) {}

  /** Takes text that extends what there is; anything else would flicker and is refused. */
  grow(text: string): boolean {
    if (!text.startsWith(this.text) || text.length === this.text.length) return false;
    this.text = text;
    this.wake();
    return true;
  }

  finish(): void {
    this.done = true;
    this.wake();
  }

  /** What the text adds to `typed`, which stands between the anchor and the cursor; undefined where they differ. */
  remainder(typed: string): string | undefined {
    return remainderOf(this.text, typed);
  }

  /** Whether `typed` may still become a beginning of the text. */
  agrees(typed: string): boolean {
    return agrees(this.text, this.done, typed);
  }

  /** Resolves at the next growth or at the end. */
  change(): Promise<void> {
    return this.done ? Promise.resolve() : new Promise(resolve => this.waiting.push(resolve));
  }

  /** Resolves at the end. */
  async whole(): Promise<void> {
    while (!this.done) await this.change();
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
