/** Keeps how the last request for a completion ended. */

import type { ProgressToken } from "vscode-languageserver";
import type { ComputedFigures, DecodedTotals, Outcome, RequestRecord } from "../protocol/index.ts";
import type { Completion } from "./complete.ts";

/** A place in a document as the protocol names it. */
interface RequestedPosition {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
  readonly explicit: boolean;
  readonly token?: ProgressToken | undefined;
}

export class Outcomes {
  private latest: RequestRecord | undefined;

  /**
   * @param totals what has been decoded by now
   * @param reported is called with each request that has ended, and its token
   */
  constructor(
    private readonly totals: () => DecodedTotals,
    private readonly reported: (record: RequestRecord, token?: ProgressToken) => void = () => {},
  ) {}

  /** The request that ended last; undefined before any has. */
  get last(): RequestRecord | undefined {
    return this.latest;
  }

  /** Records a request that has arrived. */
  begin({ token, ...place }: RequestedPosition): OpenRequest {
    return new OpenRequest(place, record => {
      this.latest = { ...record, decoded: this.totals() };
      this.reported(this.latest, token);
    });
  }
}

/** A request that has not ended. It ends once; what is reported later is not kept. */
export class OpenRequest {
  private readonly start = performance.now();
  /** Negative where computing had begun before the request arrived. */
  private beganMs: number | undefined;
  private firstTextMs: number | undefined;
  private joined: boolean | undefined;
  private ended = false;

  constructor(
    private readonly place: Omit<RequestedPosition, "token">,
    private readonly keep: (record: Omit<RequestRecord, "decoded">) => void,
  ) {}

  /** Milliseconds since the request arrived. */
  get elapsedMs(): number {
    return performance.now() - this.start;
  }

  /** @param startedMs by `performance.now()`, when the computing that answers the request began */
  computing(startedMs: number): void {
    this.beganMs = startedMs - this.start;
  }

  /** It follows a completion. @param joined whether an earlier request has asked for that */
  follows(joined: boolean): void {
    this.joined ??= joined;
  }

  /** The first text has been sent. */
  hasText(): void {
    this.firstTextMs ??= this.elapsedMs;
  }

  /** @param completion what was computed; its times count from the start of that computation */
  end(outcome: Outcome, text = "", completion?: Completion): void {
    if (this.ended) return;
    this.ended = true;
    const { beganMs, firstTextMs, joined } = this;
    const since = (ms: number | undefined) =>
      beganMs === undefined || ms === undefined ? undefined : Math.max(0, beganMs + ms);
    this.keep({
      ...this.place,
      outcome,
      text,
      timeline: {
        queuedMs: since(0),
        promptMs: since(completion?.ms.prompt),
        prefilledMs: since(completion?.ms.prefill),
        firstTextMs,
        endMs: this.elapsedMs,
        ...(joined !== undefined && { joined }),
      },
      computed: completion && figures(completion),
    });
  }
}

function figures({
  finishReason,
  promptTokens,
  reusedTokens,
  tokens,
  steps,
  drafted,
  accepted,
  trace,
}: Completion): ComputedFigures {
  return {
    finishReason,
    promptTokens,
    reusedTokens,
    tokens,
    steps,
    drafted,
    accepted,
    decodeMs: trace.decodeMs,
    plainMs: trace.plainMs,
    sources: trace.sources(),
  };
}
