/** What users see of the server: state, model, figures of the last completion. */
import type {
  DraftSourceStatus,
  FinishReason,
  NothingShown,
  SlowLines,
  Status,
  StoreStatus,
} from "../protocol/index.ts";

/** The status's part about a loaded model. */
interface LoadedModel {
  readonly modelName: string;
  readonly backend: string;
  readonly threads: number;
  readonly notes: readonly string[];
}

/** The status's part about a completion; times in milliseconds since the request arrived. */
interface CompletionSummary {
  readonly finishReason: FinishReason;
  readonly tokens: number;
  readonly steps: number;
  readonly drafted: number;
  readonly accepted: number;
  readonly ms: { readonly firstText: number | undefined; readonly total: number };
  /** Milliseconds of its decodes, and of decoding its tokens one by one, estimated from costs; absent if not measured. */
  readonly costs?: { readonly stepsMs: number; readonly plainMs: number } | undefined;
}

/** Finish reasons of completions that failed or were not finished. */
const BAD_ENDS: readonly FinishReason[] = ["aborted", "failed", "outOfMemory"];

const isGood = ({ finishReason }: CompletionSummary) => !BAD_ENDS.includes(finishReason);

export class StatusBoard {
  private status: Status = { state: "starting" };
  private drafted = 0;
  private accepted = 0;
  /** Sums of the costs of decodes. */
  private costs = { stepsMs: 0, plainMs: 0 };
  private suggestions = { shown: 0, accepted: 0 };
  private modelNotes: readonly string[] = [];
  /** Whether the model's memory is freed, also while completions are off. */
  private isFreed = false;

  constructor(private readonly publish: (status: Status) => void) {}

  get current(): Status {
    return this.status;
  }

  starting(): void {
    this.drafted = 0;
    this.accepted = 0;
    this.costs = { stepsMs: 0, plainMs: 0 };
    this.isFreed = false;
    this.set({ state: "starting" });
  }

  ready({ info }: { readonly info: LoadedModel }): void {
    this.modelNotes = info.notes;
    this.set({
      state: "ready",
      model: { name: info.modelName, backend: info.backend, threads: info.threads },
      notes: info.notes,
    });
  }

  failed(message: string, remedy: string): void {
    this.set({ ...this.status, state: "error", message, remedy, loaded: undefined });
  }

  /** Publishes how much of the model that is being loaded is in memory. @param share 0 to 1 */
  loading(share: number): void {
    this.set({ ...this.status, loaded: share });
  }

  /** Publishes the request for which nothing is shown; undefined if a suggestion is shown. */
  nothing(nothing: NothingShown | undefined): void {
    const { nothing: last } = this.status;
    const isSame = last?.uri === nothing?.uri && last?.line === nothing?.line && last?.why === nothing?.why;
    if (isSame && last?.character === nothing?.character) return;
    this.set({ ...this.status, nothing });
  }

  /** Publishes whether something is computed; only if there is a model and completions are on. */
  working(working: boolean): void {
    const state = working ? "working" : "ready";
    if (this.status.state === state || !this.isOn) return;
    this.set({ ...this.status, state });
  }

  /** The model's memory has been freed. */
  asleep(): void {
    this.isFreed = true;
    if (this.isOn) this.set({ ...this.status, state: "asleep" });
  }

  /** Counts a suggestion that is shown; sent with the next status. */
  shown(): void {
    this.suggestions = { ...this.suggestions, shown: this.suggestions.shown + 1 };
  }

  /** Counts a suggestion that was accepted whole. */
  suggestionAccepted(): void {
    this.suggestions = { ...this.suggestions, accepted: this.suggestions.accepted + 1 };
    this.set(this.status);
  }

  /** Publishes that first lines take long. */
  slow(slow: SlowLines): void {
    this.set({ ...this.status, slow });
  }

  /** Publishes a note beside the loaded model's own ones; undefined removes it. */
  note(note: string | undefined): void {
    const notes = note === undefined ? this.modelNotes : [...this.modelNotes, note];
    if (notes.length !== (this.status.notes ?? []).length || note !== undefined)
      this.set({ ...this.status, notes });
  }

  /** Publishes which stores exist. */
  stores(stores: readonly StoreStatus[]): void {
    if (stores.length > 0 || this.status.stores) this.set({ ...this.status, stores });
  }

  /** Switches between on and off; an error or a start in progress stays as it is. */
  switch(on: boolean): void {
    if ((this.isOn || this.status.state === "asleep") && !on) this.set({ ...this.status, state: "off" });
    else if (this.status.state === "off" && on)
      this.set({ ...this.status, state: this.isFreed ? "asleep" : "ready" });
  }

  /**
   * Records a completion's figures. An aborted one has none worth showing.
   * @param idle nothing else is computed
   */
  completed(completion: CompletionSummary, idle: boolean, sources: readonly DraftSourceStatus[]): void {
    this.drafted += completion.drafted;
    this.accepted += completion.accepted;
    this.costs.stepsMs += completion.costs?.stepsMs ?? 0;
    this.costs.plainMs += completion.costs?.plainMs ?? 0;
    if (this.status.state === "error" && isGood(completion)) this.recover();
    if (completion.finishReason === "aborted" || !this.isOn) {
      this.working(!idle);
      return;
    }
    const { ms, tokens, steps, drafted, accepted, finishReason } = completion;
    this.set({
      ...this.status,
      state: idle ? "ready" : "working",
      last: { firstTextMs: ms.firstText, totalMs: ms.total, tokens, steps, drafted, accepted, finishReason },
      sources,
      acceptance: this.drafted > 0 ? this.accepted / this.drafted : undefined,
      speedUp:
        this.drafted > 0 && this.costs.stepsMs > 0 ? this.costs.plainMs / this.costs.stepsMs : undefined,
    });
  }

  /** A completion succeeded, so the error is over. */
  private recover(): void {
    this.status = { ...this.status, state: "ready", message: undefined, remedy: undefined };
  }

  private get isOn(): boolean {
    return this.status.state === "ready" || this.status.state === "working";
  }

  private set(status: Status): void {
    const { suggestions } = this;
    this.status = suggestions.shown > 0 ? { ...status, suggestions } : status;
    this.publish(this.status);
  }
}
