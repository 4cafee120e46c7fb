/** The datastores of the loaded model's tokenizer: which exist, which are open, and which is being built. */
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  isBuilding,
  listStores,
  openStore,
  readStore,
  type StoreManifest,
  stampOfStores,
} from "../../datastores/build/index.ts";
import type { Store } from "../../datastores/index/index.ts";
import { StoreError } from "../../datastores/index.ts";
import type { CorpusSource } from "../draft/index.ts";
import type { BuildReport, RebuildParams, StoreStatus } from "../protocol/index.ts";
import { messageOf, storesDirectory } from "../system/index.ts";
import { type BuildOutcome, runBuild } from "./buildProcess.ts";
import { sourceOf } from "./openCorpus.ts";

const MEMORY_MEGABYTES = 1024;
const BACKGROUND_MEMORY_MEGABYTES = 256;
/** Time between checks of another process's build, in milliseconds. */
const POLL_MS = 2_000;
/** The store that is made without being asked for. */
const FIRST_STORE = "python";
/** Hexadecimal digits of a fingerprint that tell the first stores of tokenizers apart. */
const FINGERPRINT_DIGITS = 8;

/** A store can only be used with its own tokenizer. */
interface StoreUser {
  readonly fingerprint: string;
  readonly modelPath: string;
}

/** A store to build. */
interface Wanted extends Omit<RebuildParams, "progressToken"> {
  /** Address of the hub; empty or absent: as in the environment. */
  readonly hub?: string;
}

/**
 * The stores of this machine, open for the loaded model. A store of another tokenizer is not opened, and its
 * problem says so. Whoever creates a registry disposes it.
 */
export class StoreRegistry {
  private readonly directory: string;
  private user: StoreUser | undefined;
  private open: { readonly store: Store; readonly source: CorpusSource }[] = [];
  private statuses: StoreStatus[] = [];
  /** Stands for the stores on disk as they were opened. */
  private stamp = "";
  /** The stores that are not open, by folder name. */
  private unused = new Map<string, "another tokenizer" | "another version" | "damaged">();

  /**
   * @param storageDirectory where the server may keep things @param warn writes to the log
   * @param changed is called when the status changes by itself
   */
  constructor(
    storageDirectory: string | undefined,
    private readonly warn: (message: string) => void,
    private readonly changed: () => void = () => {},
  ) {
    this.directory = storesDirectory(storageDirectory);
  }

  /** All stores, open or not, for the status bar. */
  get status(): readonly StoreStatus[] {
    return this.statuses;
  }

  /** What to draft from. Looks first whether another process has built, changed or removed a store. */
  sources(): readonly CorpusSource[] {
    if (this.user && stampOfStores(this.directory) !== this.stamp) {
      this.reopen();
      this.changed();
    }
    return this.open.map(({ source }) => source);
  }

  /** Opens the stores of a model's tokenizer in place of those that are open. */
  adopt(user: StoreUser): void {
    this.user = user;
    this.reopen();
  }

  /**
   * Builds a store, then replaces the one of the same name with it; the old one serves until then.
   * @param background whether the build gives way to everything else
   */
  async build(
    { source, name, first, hub, hubToken }: Wanted,
    background: boolean,
    onProgress: (report: BuildReport) => void,
    signal: AbortSignal,
  ): Promise<BuildOutcome> {
    if (!this.user) return { problem: "There is no model yet, and a store is made for a model's tokenizer." };
    // Outside a folder of its own the store would not be found again.
    if (basename(name) !== name || /^\.*$/.test(name))
      return { problem: `A datastore cannot be called "${name}": the name is that of its folder.` };
    const outcome = await runBuild(
      {
        source,
        name,
        first,
        hub,
        hubToken,
        directory: join(this.directory, name),
        modelPath: this.user.modelPath,
        memoryMegabytes: background ? BACKGROUND_MEMORY_MEGABYTES : MEMORY_MEGABYTES,
        background,
      },
      onProgress,
      signal,
    );
    if ("tokens" in outcome) this.reopen();
    return outcome;
  }

  /**
   * If the model has no store, or only a first one of another version, builds a first one from the machine's own Python,
   * or continues its build.
   */
  async buildFirst(signal: AbortSignal): Promise<BuildOutcome | undefined> {
    if (!this.user || !this.wantsFirst) return undefined;
    const name = this.firstName;
    const directory = join(this.directory, name);
    for (;;) {
      // Another window may be building it already: its store serves here as well, if that build does not end without one.
      if (isBuilding(directory)) await this.untilBuilt(directory, signal);
      if (signal.aborted || !this.wantsFirst) return undefined;
      const outcome = await this.build({ source: "python", name }, true, () => {}, signal);
      if ("tokens" in outcome || !isBuilding(directory)) return outcome;
    }
  }

  /** Whether the model has no store, and none that is damaged: nothing is built in place of one that can be mended. */
  private get wantsFirst(): boolean {
    const first = this.firstName;
    return (
      this.open.length === 0 &&
      [...this.unused].every(
        ([name, reason]) =>
          reason === "another tokenizer" || (reason === "another version" && name === first),
      )
    );
  }

  /** Name and folder of the model's first store. Windows may use models of several tokenizers: each has its own. */
  private get firstName(): string {
    return this.unused.get(FIRST_STORE) === "another tokenizer"
      ? `${FIRST_STORE}-${this.user?.fingerprint.slice(0, FINGERPRINT_DIGITS)}`
      : FIRST_STORE;
  }

  /** Waits until another process has ended its build, and opens what there is then. */
  private async untilBuilt(directory: string, signal: AbortSignal): Promise<void> {
    while (isBuilding(directory)) {
      // An abort ends the wait, and the caller looks for one.
      await pause(POLL_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    this.reopen();
    this.changed();
  }

  dispose(): void {
    for (const { store } of this.open) store.close();
    this.open = [];
  }

  private reopen(): void {
    this.dispose();
    // Taken before the stores are read: a change meanwhile is noticed afterwards.
    this.stamp = stampOfStores(this.directory);
    this.statuses = [];
    this.unused = new Map();
    const foreign: StoreManifest[] = [];
    for (const directory of this.stores()) {
      try {
        const manifest = readStore(directory);
        if (manifest.tokenizer.fingerprint === this.user?.fingerprint) this.take(directory, manifest);
        else {
          this.unused.set(basename(directory), "another tokenizer");
          foreign.push(manifest);
        }
      } catch (error) {
        // A fault of one store must not affect the others.
        const expected = error instanceof StoreError;
        const isOutdated = expected && error.problem.code === "version";
        this.unused.set(basename(directory), isOutdated ? "another version" : "damaged");
        this.refuse(directory, expected ? error.message : `it cannot be opened: ${(error as Error).stack}`);
      }
    }
    for (const { name, tokenizer } of foreign) {
      // Other models have a first store as this one has.
      const isFirst = name === FIRST_STORE || name.startsWith(`${FIRST_STORE}-`);
      if (isFirst && this.open.length > 0) continue;
      const remedy = 'Build it again: "Foretoken: Rebuild Datastore".';
      this.refuse(name, `it was built for the tokenizer of ${tokenizer.model}. ${remedy}`);
    }
  }

  private stores(): string[] {
    try {
      return listStores(this.directory);
    } catch (error) {
      this.warn(`${this.directory} cannot be read: ${messageOf(error)}`);
      return [];
    }
  }

  private take(directory: string, { name, shards, created }: StoreManifest): void {
    const store = openStore(directory);
    store.onProblem = ({ message, remedy }) => this.dropped(name, `${message} ${remedy}`);
    this.open.push({ store, source: sourceOf(store) });
    const tokens = shards.reduce((sum, shard) => sum + shard.tokens, 0);
    this.statuses.push({ name, tokens, created });
  }

  /** A part of a store that was in use cannot be read any more. */
  private dropped(name: string, problem: string): void {
    this.warn(`A part of the datastore ${name} is no longer used: ${problem}`);
    this.statuses = this.statuses.map(status => (status.name === name ? { ...status, problem } : status));
    this.changed();
  }

  private refuse(name: string, problem: string): void {
    this.warn(`The datastore ${name} is not used: ${problem}`);
    this.statuses.push({ name, tokens: 0, created: "", problem });
  }
}
