/** What the user is told of the server: state, model, figures of the last completion. */
import type { Completion } from "./complete.ts";
import type { Engine } from "./engine/engine.ts";
import type { ServerState, Status } from "./protocol/messages.ts";

export class StatusBoard {
  private status: Status = { state: "starting" };
  private drafted = 0;
  private accepted = 0;

  constructor(private readonly publish: (status: Status) => void) {}

  get current(): Status {
    return this.status;
  }

  starting(): void {
    this.drafted = 0;
    this.accepted = 0;
    this.set({ state: "starting" });
  }

  ready({ info }: Engine): void {
    this.set({
      state: "ready",
      model: { name: info.modelName, backend: info.backend, threads: info.threads },
    });
  }

  failed(message: string, remedy: string): void {
    this.set({ state: "error", message, remedy });
  }

  /** Moves between ready, working and off; an error or a start in progress is left standing. */
  enter(state: Extract<ServerState, "ready" | "working" | "off">): void {
    if (this.status.state === "error" || this.status.state === "starting" || this.status.state === state)
      return;
    this.set({ ...this.status, state });
  }

  completed(completion: Completion): void {
    this.drafted += completion.drafted;
    this.accepted += completion.accepted;
    const { ms, tokens, steps, drafted, accepted, finishReason } = completion;
    this.set({
      ...this.status,
      state: "ready",
      last: { firstTextMs: ms.firstText, totalMs: ms.total, tokens, steps, drafted, accepted, finishReason },
      acceptance: this.drafted > 0 ? this.accepted / this.drafted : undefined,
    });
  }

  private set(status: Status): void {
    this.status = status;
    this.publish(status);
  }
}
