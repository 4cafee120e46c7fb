/**
 * The recorded figures of completions, across sessions, in one small file. It is seldom written: between writes, events
 * wait in memory. Each window adds its own events to those that the others have written, one window at a time.
 */
import { join } from "node:path";
import { contentOf, rewrite } from "../datastores/files/index.ts";
import {
  type EventLog,
  joined,
  NO_EVENTS,
  type RequestEvent,
  readEvents,
  type SuggestionEvent,
  writeEvents,
} from "./figures/index.ts";

/** Events after which the file is written. */
const KEEP_EVERY = 200;

export class CompletionHistory {
  private readonly file: string;
  private waiting: EventLog = NO_EVENTS;

  /** @param directory where the extension may keep files @param warn writes to the log */
  constructor(
    directory: string,
    private readonly warn: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.file = join(directory, "history.json");
  }

  addRequest(request: RequestEvent): void {
    this.add({ requests: [request], suggestions: [] });
  }

  addSuggestion(suggestion: SuggestionEvent): void {
    this.add({ requests: [], suggestions: [suggestion] });
  }

  /** All that is remembered; if the file cannot be read, only what was not written yet. */
  read(): EventLog {
    try {
      return joined(eventsIn(contentOf(this.file)?.toString()), this.waiting);
    } catch {
      return this.waiting; // Saving says what is wrong with the file.
    }
  }

  /** Writes the waiting events; if the file cannot be read or written, they wait for the next time. */
  save(): void {
    if (this.waiting.requests.length + this.waiting.suggestions.length === 0) return;
    try {
      rewrite(this.file, text => writeEvents(joined(eventsIn(text), this.waiting)));
      this.waiting = NO_EVENTS;
    } catch (error) {
      this.warn(`The history of completions cannot be written: ${error}`);
    }
  }

  /**
   * Forgets everything. The file says when, so that other windows do not add what they recorded before. Throws where the
   * file cannot be written.
   */
  clear(): void {
    rewrite(this.file, () => writeEvents({ ...NO_EVENTS, clearedAt: this.now() }));
    this.waiting = NO_EVENTS;
  }

  private add(events: EventLog): void {
    this.waiting = joined(this.waiting, events);
    const { requests, suggestions } = this.waiting;
    if ((requests.length + suggestions.length) % KEEP_EVERY === 0) this.save();
  }
}

const eventsIn = (text: string | undefined): EventLog => (text === undefined ? NO_EVENTS : readEvents(text));
