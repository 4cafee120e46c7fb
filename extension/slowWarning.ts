/** Warns once for each model that its first lines take long. */
import type { SlowAdvice, Status } from "../server/protocol/index.ts";
import type { Ask, Memory } from "./memory.ts";
import { slowText } from "./slowText.ts";

const KEY = "foretoken.slowModels";

interface WarningParts {
  readonly memory: Memory;
  readonly ask: Ask;
  /** Does what the user has chosen. */
  follow(advice: SlowAdvice): Thenable<unknown>;
}

export class SlowWarning {
  constructor(private readonly parts: WarningParts) {}

  /** Resolves when the message, if there is one, has been answered. */
  async show({ slow }: Pick<Status, "slow">): Promise<void> {
    const { memory, ask, follow } = this.parts;
    const told = memory.get<readonly string[]>(KEY) ?? [];
    if (!slow || told.includes(slow.model)) return;
    const remembered = memory.update(KEY, [...told, slow.model]);
    const { message, actions } = slowText(slow);
    const chosen = await ask(message, ...actions.map(({ label }) => label));
    await remembered;
    const action = actions.find(({ label }) => label === chosen);
    if (action) await follow(action.advice);
  }
}
