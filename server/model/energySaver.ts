/** Saves energy when the user wants it: fewer threads compute, and callers that would compute ahead ask here first. */
import { Emitter } from "vscode-languageserver";
import type { Engine } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { inBackground } from "../system/index.ts";

const LOOK_MS = 60_000;

interface EnergyDependencies {
  settings(): Pick<Settings, "battery">;
  /** The loaded models; undefined for one that is not loaded now. */
  engines(): readonly (Pick<Engine, "saveEnergy"> | undefined)[];
  /** Whether the machine runs on its battery; undefined if that is not known. Never rejects. */
  runsOnBattery(): Promise<boolean | undefined>;
  /** Called with a fault. */
  warn(message: string): void;
}

/** Checks rarely, and never during a request. The creator disposes it. */
export class EnergySaver {
  private onBattery = false;
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;
  private wasSaving = false;
  private readonly ended = new Emitter<void>();
  /** Called when energy need not be saved any more. */
  readonly onDidEnd = this.ended.event;

  constructor(private readonly parts: EnergyDependencies) {}

  get isSaving(): boolean {
    const { battery } = this.parts.settings();
    return battery === "auto" ? this.onBattery : battery === "always";
  }

  /** Checks the power source now and every minute; call it again when the settings change or a model is loaded. */
  async look(): Promise<void> {
    clearTimeout(this.timer);
    this.apply();
    const { battery } = this.parts.settings();
    if (battery !== "auto" || this.disposed) return;
    this.onBattery = (await this.parts.runsOnBattery()) === true;
    this.apply();
    clearTimeout(this.timer);
    if (this.disposed) return;
    const again = () => inBackground(this.look(), "Finding out about the battery", this.parts.warn);
    this.timer = setTimeout(again, LOOK_MS).unref();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.ended.dispose();
  }

  private apply(): void {
    const { isSaving } = this;
    for (const engine of this.parts.engines()) engine?.saveEnergy(isSaving);
    if (this.wasSaving && !isSaving) this.ended.fire();
    this.wasSaving = isSaving;
  }
}
