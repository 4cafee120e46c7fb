/**
 * Reads prompts in pauses, so that the next completion finds them in the KV cache: the prompt of the document the user
 * turns to, and that of the last requested place once nothing has been typed for a while. Any request goes first.
 */

import type { Position } from "vscode-languageserver";
import type { Engine } from "../engine/index.ts";
import type { Documents } from "../lsp/index.ts";
import type { ModelFeature, Session } from "../model/index.ts";
import { languageEnabled, type Settings } from "../protocol/index.ts";
import { messageOf } from "../system/index.ts";
import type { Snapshot } from "../text/index.ts";

/** A user who leaves a document within this time has only passed through it. */
const REST_MS = 150;
const QUIET_MS = 3_000;

interface WarmUpDependencies {
  readonly documents: Pick<Documents, "snapshot">;
  readonly session: Session;
  readonly model: Pick<ModelFeature, "current">;
  settings(): Settings;
  /** Whether anything may be computed unasked. */
  computesAhead(): boolean;
  /** Computes the prompt of a place. */
  read(engine: Engine, snapshot: Snapshot, signal: AbortSignal): Promise<void>;
  /** Called with a fault. */
  warn(message: string): void;
}

export class WarmUp {
  /** Where the cursor was last, by document. */
  private readonly places = new Map<string, Position>();
  private focused: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: WarmUpDependencies) {}

  /** A completion was requested, by the user or by the editor. */
  requested(uri: string, position: Position): void {
    this.places.set(uri, position);
    this.focused = uri;
  }

  /** The user has turned to a document. @param position the cursor, if that is known */
  focus(uri: string, position: Position | undefined): void {
    if (position) this.places.set(uri, position);
    this.focused = uri;
    this.later(REST_MS);
  }

  edited(uri: string): void {
    if (uri === this.focused) this.later(QUIET_MS);
  }

  closed(uri: string): void {
    this.places.delete(uri);
  }

  /** A model has been loaded: it has not read the user's current document yet. */
  loaded(): void {
    this.later(REST_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.readNow(), ms).unref();
  }

  private readNow(): void {
    const { documents, session, model, settings, computesAhead, read, warn } = this.parts;
    const uri = this.focused;
    const position = uri === undefined ? undefined : this.places.get(uri);
    const engine = model.current;
    if (uri === undefined || !position || !engine || !computesAhead()) return;
    if (!session.idle) {
      this.later(REST_MS);
      return;
    }
    const snapshot = documents.snapshot(uri, position, undefined);
    if (typeof snapshot === "string" || !languageEnabled(settings(), snapshot.languageId)) return;
    session
      .run(new AbortController().signal, signal => read(engine, snapshot, signal))
      .catch((error: unknown) =>
        warn(`The prompt could not be prefilled ahead of time: ${messageOf(error)}`),
      );
  }
}
