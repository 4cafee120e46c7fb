import { agrees, remainderOf } from "./typedAlong.ts";

/** A text that arrives in parts, and the callers that wait for more of it. Used by client and server. */
export class GrowingText {
  /** The whole text so far; only ever extended. */
  text = "";
  done = false;
  private waiting: (() => void)[] = [];

  /** Accepts a text that extends the present one; any other would flicker and is refused. */
  grow(text: string): boolean {
    if (!text.startsWith(this.text) || text.length === this.text.length) return false;
    this.text = text;
    this.wake();
    return true;
  }

  /** The text after `typed`, which the user typed since the text's start; undefined if they differ. */
  remainder(typed: string): string | undefined {
    return remainderOf(this.text, typed);
  }

  /** Whether the text, as it grows, may still start with `typed`. */
  agrees(typed: string): boolean {
    return agrees(this.text, this.done, typed);
  }

  /** Resolves at the next growth or at the end. */
  change(): Promise<void> {
    return this.done ? Promise.resolve() : new Promise(resolve => this.waiting.push(resolve));
  }

  /** Resolves at the end of the text. */
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
