/** The client's current settings. */
import { availableParallelism } from "node:os";
import {
  type Connection,
  DidChangeConfigurationNotification,
  Emitter,
  type InitializeParams,
} from "vscode-languageserver";
import {
  type InitializationOptions,
  type MachineLimits,
  readSettings,
  SECTION,
  type Settings,
} from "../protocol/index.ts";
import { inBackground, isRecord, memoryBytes } from "../system/index.ts";

/** Bytes of a token in the KV cache of a model with seven billion parameters. */
const TOKEN_BYTES = 64 * 1024;
/** A context may take a quarter of the memory. */
const MACHINE: MachineLimits = {
  threads: availableParallelism(),
  contextTokens: Math.floor(memoryBytes() / 4 / TOKEN_BYTES),
};

export interface SettingsChange {
  readonly previous: Settings;
  readonly current: Settings;
}

export class Configuration {
  private settings = readSettings(undefined).settings;
  /** Values of the initialization, which later ones add to. */
  private initial: unknown;
  private readonly changes = new Emitter<SettingsChange>();
  /** Called after each change. */
  readonly onDidChange = this.changes.event;

  constructor(private readonly connection: Connection) {
    connection.onDidChangeConfiguration(({ settings: all }) => {
      // Some clients send changes that are not ours, without our section.
      if (all?.[SECTION] === undefined || all[SECTION] === null) return;
      const previous = this.settings;
      this.read(withDefaults(all[SECTION], this.initial));
      this.changes.fire({ previous, current: this.settings });
    });
  }

  get current(): Settings {
    return this.settings;
  }

  /** Reads the settings of the initialization, and subscribes to changes. */
  start({ initializationOptions, capabilities }: InitializeParams): void {
    this.initial = (initializationOptions as InitializationOptions | undefined)?.settings;
    this.read(this.initial);
    if (capabilities.workspace?.didChangeConfiguration?.dynamicRegistration)
      inBackground(
        this.connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION }),
        "Listening to settings",
        message => this.connection.console.warn(message),
      );
  }

  /** Logs invalid values and uses their defaults instead. */
  private read(values: unknown): void {
    const { settings, problems } = readSettings(values, MACHINE);
    for (const problem of problems) this.connection.console.warn(problem);
    this.settings = settings;
  }
}

/** Values in addition to others, if both have any; whatever else a client sent stays as it is. */
const withDefaults = (values: unknown, others: unknown): unknown =>
  isRecord(values) && isRecord(others) ? { ...others, ...values } : values;
