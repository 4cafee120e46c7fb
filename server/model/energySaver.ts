/** Saves energy while the user wants it: fewer threads compute, and whoever computes ahead asks here first. */
import type { Engine } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { inBackground } from "../system/index.ts";

const LOOK_MS = 60_000;

interface EnergyDependencies {
  settings(): Pick<Settings, "battery">;
  /** The loaded models, as far as there are any now. */
  engines(): readonly (Pick<Engine, "saveEnergy"> | undefined)[];
  /** Whether the machine runs on its battery; undefined where nothing is known. Never rejects. */
  runsOnBattery(): Promise<boolean | undefined>;
  /** Called with a fault. */
  warn(message: string): void;
}

/** Looks rarely, and never on a request's way. Whoever makes one disposes it. */
export class EnergySaver {
  private onBattery = false;
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;

  constructor(private readonly parts: EnergyDependencies) {}

  get isSaving(): boolean {
    const { battery } = this.parts.settings();
    return battery === "auto" ? this.onBattery : battery === "always";
  }

  /** Looks where the power comes from, now and every minute; again once the settings have changed or a model is loaded. */
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
  }

  private apply(): void {
    for (const engine of this.parts.engines()) engine?.saveEnergy(this.isSaving);
  }
}
