import { agrees, remainderOf } from "./typedAlong.ts";

/** A text that arrives by and by, and who waits for more of it. Both sides need it. */
export class GrowingText {
  /** The whole text so far; only ever extended. */
  text = "";
  done = false;
  private waiting: (() => void)[] = [];

  /** Takes text that extends what there is; anything else would flicker and is refused. */
  grow(text: string): boolean {
    if (!text.startsWith(this.text) || text.length === this.text.length) return false;
    this.text = text;
    this.wake();
    return true;
  }

  /** What the text adds to `typed`, which stands between its beginning and the cursor; undefined where they differ. */
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

  protected close(): void {
    this.done = true;
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
