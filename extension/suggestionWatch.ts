/**
 * Follows suggestions from the screen into their documents: how much of each was accepted, and how much of that is
 * still there after a while. Knows nothing of the editor.
 */
import { FollowedText, RETENTION_MS, type SuggestionEvent, type TextChange } from "./figures/index.ts";

/** Most accepted texts that are followed at a time; a new one replaces the oldest. */
const MOST_FOLLOWED = 100;

/** A suggestion that is on the screen, or was accepted and is followed. */
interface Watched {
  readonly uri: string;
  readonly at: number;
  acceptedAt: number;
  shown: number;
  accepted: number;
  /** Accepted parts, the last of which may go on. */
  readonly parts: FollowedText[];
  /** One entry for each of `RETENTION_MS` that has passed since the last part was accepted. */
  kept: number[];
}

export class SuggestionWatch {
  private current: Watched | undefined;
  private followed: Watched[] = [];

  /** @param ended is called with each suggestion that is no longer followed @param now milliseconds since 1970 */
  constructor(
    private readonly ended: (event: SuggestionEvent) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** A suggestion is on the screen, or has grown. @param length of its text, in UTF-16 units */
  shown(uri: string, length: number): void {
    this.current ??= { uri, at: this.now(), acceptedAt: 0, shown: 0, accepted: 0, parts: [], kept: [] };
    this.current.shown = Math.max(this.current.shown, length);
  }

  /** A part of the suggestion on the screen, or all that was left of it, was accepted. To be called after `edited`. */
  accepted(start: number, text: string): void {
    const { current } = this;
    if (!current) return;
    current.acceptedAt = this.now();
    current.kept = [];
    current.accepted += text.length;
    current.parts.push(new FollowedText(start, text));
  }

  /** The suggestion is not on the screen any more. */
  left(): void {
    const { current } = this;
    this.current = undefined;
    if (!current) return;
    if (current.parts.length === 0) {
      this.report(current);
      return;
    }
    this.followed.push(current);
    const oldest = this.followed.length > MOST_FOLLOWED ? this.followed.shift() : undefined;
    if (oldest) this.report(oldest);
  }

  /** A document was edited. */
  edited(uri: string, changes: readonly TextChange[]): void {
    this.settle();
    for (const watched of this.accepting())
      if (watched.uri === uri)
        for (const part of watched.parts) for (const change of changes) part.edit(change);
  }

  /** A document was closed: its text can no longer be followed. The editor reports that before it leaves the document. */
  closed(uri: string): void {
    if (this.current?.uri === uri) this.left();
    this.settle();
    this.endAll(({ uri: other }) => other === uri);
  }

  /** Accepted suggestions that are still followed, as they stand. */
  pending(): SuggestionEvent[] {
    this.settle();
    return this.followed.map(eventOf);
  }

  /** Stops following all suggestions, without reporting them. */
  forget(): void {
    this.current = undefined;
    this.followed = [];
  }

  /** Ends all, as when the window closes. */
  end(): void {
    this.left();
    this.settle();
    this.endAll(() => true);
  }

  /** Suggestions with accepted parts, also one whose rest is still on the screen. */
  private accepting(): Watched[] {
    const { current, followed } = this;
    return current && current.parts.length > 0 ? [current, ...followed] : followed;
  }

  /** Records how much is left of texts whose times have come: nothing has changed since their last edit. */
  private settle(): void {
    const now = this.now();
    for (const { acceptedAt, parts, kept } of this.accepting())
      while (kept.length < RETENTION_MS.length && now >= acceptedAt + (RETENTION_MS[kept.length] ?? 0))
        kept.push(parts.reduce((sum, { left }) => sum + left, 0));
    this.endAll(({ kept }) => kept.length === RETENTION_MS.length);
  }

  private endAll(isOver: (watched: Watched) => boolean): void {
    const over = this.followed.filter(isOver);
    this.followed = this.followed.filter(watched => !isOver(watched));
    for (const watched of over) this.report(watched);
  }

  private report(watched: Watched): void {
    this.ended(eventOf(watched));
  }
}

const eventOf = ({ at, shown, accepted, kept }: Watched): SuggestionEvent => ({
  at,
  shown,
  accepted,
  kept: RETENTION_MS.map((_, i) => kept[i] ?? null),
});
