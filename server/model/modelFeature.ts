/** The server's model: loaded, tuned while nothing else is computed, freed after quiet minutes or on request. */
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, Emitter, type Event } from "vscode-languageserver";
import { type Engine, type EngineProblem, stopRecordingLoads } from "../engine/index.ts";
import type { StatusBoard } from "../lsp/index.ts";
import { FreeMemoryRequest, RELOADING_SETTINGS, type Settings } from "../protocol/index.ts";
import { counted, freeMemoryBytes, inBackground, modelBytes } from "../system/index.ts";
import { chosenStamp } from "./modelFiles.ts";
import { type EngineOutcome, type LoadedModel, type LoadModel, ModelHost } from "./modelHost.ts";
import type { Session } from "./session.ts";

export const OUT_OF_MEMORY: EngineProblem = {
  code: "memory",
  message: "There was not enough memory to compute a completion.",
  remedy: 'Lower "foretoken.contextTokens" or choose a smaller model.',
};
/** Time without any computation after which the model is tuned. */
const IDLE_MS = 1_500;
const MIN_WAIT_MS = 50;
/** Longest time that a client waits for the model to be freed when it shuts the server down. */
const FREEING_MS = 500;
/** Time between checks of how long the model may stay unused: the setting may change. */
const LOOK_MS = 60_000;

interface ModelDependencies {
  readonly session: Session;
  readonly board: StatusBoard;
  /** The current settings. */
  settings(): Settings;
}

/** Measures an idle engine; resolves to a line for the log, undefined if it was interrupted. */
type Tuning = (signal: AbortSignal) => Promise<string | undefined>;

export interface ModelFeature {
  /** Sets the loader, once the storage directory is known. */
  start(load: LoadModel): void;
  /** Loads the model again. @param less whether memory ran out with it: less is put into graphics memory */
  load(less?: boolean): Promise<void>;
  /**
   * The model once it is loaded, or why it could not be; undefined if there is none. Loads a model that was freed, and
   * one that could not be loaded if its file has changed since. Counts as use.
   */
  loaded(): Promise<EngineOutcome | undefined>;
  /** The loaded model, if there is one now. Does not count as use. */
  readonly current: Engine | undefined;
  /** The draft model of the loaded one, if there is one now. */
  readonly draftModel: Engine | undefined;
  /** Loads the draft model again, if a model is loaded. */
  loadDraftModel(): Promise<void>;
  /** Whether `engine` is still the loaded model. */
  isCurrent(engine: Engine): boolean;
  /** Whether another model has taken the place of `engine`, or is being loaded to take it. */
  isReplaced(engine: Engine): boolean;
  /** To be called when the engine's memory ran out in the middle of a completion. */
  outOfMemory(engine: Engine): void;
  /** Called with each newly loaded model. */
  readonly onLoaded: Event<Engine>;
  /** Called once a loaded model's tuning is known; at once if it was known before. */
  readonly onTuned: Event<void>;
  /** Called when the model is about to be freed. */
  readonly onFreeing: Event<void>;
  /** Ends the computation and frees the model; does not wait for one that is being loaded. */
  dispose(): Promise<void>;
}

export function registerModel(connection: Connection, parts: ModelDependencies): ModelFeature {
  const { session, board, settings } = parts;
  const report = (message: string) => connection.console.error(message);
  const loading = loadModels(connection, parts);
  const freeing = new Emitter<void>();
  const loadLater = (less = false) => inBackground(loading.load(less), "Loading the model", report);
  const beforeFreeing = () => {
    freeing.fire();
    loading.abortTuning();
  };
  const free = async () => (loading.host ? freeModel(loading.host, board, beforeFreeing) : false);
  const freeLater = afterQuietMinutes(
    () => settings().freeAfterMinutes,
    () => inBackground(free(), "Freeing the model", report),
  );
  loading.onLoaded(freeLater);
  connection.onRequest(FreeMemoryRequest, free);

  return {
    start: loader => {
      const onShare = (share: number) => board.loading(share);
      loading.host = new ModelHost((wanted, lessThan) => loader(wanted, lessThan, onShare), session);
    },
    load: loading.load,
    loadDraftModel: loading.loadDraftModel,
    loaded() {
      freeLater();
      if (loading.host?.isEmpty || loading.isWorthAnotherTry()) loadLater();
      return loading.host?.loaded() ?? Promise.resolve(undefined);
    },
    get current() {
      return loading.host?.current;
    },
    get draftModel() {
      return loading.host?.draftModel?.engine;
    },
    onLoaded: loading.onLoaded,
    onTuned: loading.onTuned,
    onFreeing: freeing.event,
    isCurrent: engine => loading.host?.current === engine,
    isReplaced: engine => loading.host?.isEmpty === false && loading.host.current !== engine,
    outOfMemory({ info }) {
      if (info.backend === "cpu") return reportProblem(connection, board, OUT_OF_MEMORY);
      connection.console.warn("Graphics memory ran out: less of the model is put there.");
      loadLater(true);
    },
    async dispose() {
      loading.abortTuning();
      stopRecordingLoads();
      const last = loading.host;
      // A request that still waits for the model must not load it again.
      loading.host = undefined;
      await session.stop();
      // A load cannot be interrupted, but the process can exit during one.
      await Promise.race([last?.dispose(), pause(FREEING_MS, undefined, { ref: false })]);
    },
  };
}

interface ModelLoading {
  /** Undefined before the loader is known, and after the end. */
  host: ModelHost | undefined;
  load(less?: boolean): Promise<void>;
  loadDraftModel(): Promise<void>;
  abortTuning(): void;
  /** Whether the file of a model that could not be loaded has changed since. */
  isWorthAnotherTry(): boolean;
  readonly onLoaded: Event<Engine>;
  readonly onTuned: Event<void>;
}

/** Loads models, puts them into use, and tunes them. */
function loadModels(connection: Connection, { session, board, settings }: ModelDependencies): ModelLoading {
  const [loaded, tuned] = [new Emitter<Engine>(), new Emitter<void>()];
  let tuning = new AbortController();
  /** Settings with which a model was last loaded. */
  let working: Settings | undefined;
  /** Identifies the file of a model that could not be loaded, as it was then. */
  let failed: { readonly stamp: string | undefined } | undefined;

  const use = (outcome: LoadedModel) => {
    tuning.abort();
    if (board.current.state !== "starting") board.starting();
    announce(connection, board, outcome.engine, settings().enabled);
    loaded.fire(outcome.engine);
    tuning = new AbortController();
    const finished = tune(connection, session, outcome.tune, tuning.signal);
    const reported = finished.then(isKnown => {
      if (isKnown) tuned.fire();
    });
    const log = (message: string) => connection.console.error(message);
    inBackground(reported, "Tuning the model", log);
    // Nothing is drafted before the tuning is known.
    const seconded = finished.then(isKnown => (isKnown ? loading.loadDraftModel() : undefined));
    inBackground(seconded, "Loading the draft model", log);
  };

  const loading: ModelLoading = {
    host: undefined,
    async load(less = false) {
      if (!loading.host) return;
      const wanted = settings();
      failed = undefined;
      const stamp = chosenStamp(wanted);
      const beforehand = () => {
        tuning.abort();
        board.starting();
      };
      const previous = less ? undefined : working;
      const switched = await switchModel(loading.host, wanted, previous, beforehand, less);
      if (!switched) return;
      if (!switched.problem) working = wanted;
      if (switched.used) use(switched.used);
      if (!switched.problem) return;
      reportProblem(connection, board, switched.problem);
      if (!loading.host?.current) failed = { stamp };
    },
    async loadDraftModel() {
      const slot = loading.host?.draftModel;
      const { signal } = tuning;
      if (!slot || signal.aborted) return;
      const problem = await slot.use(settings(), async work => {
        const measured = await whenIdle(session, async each => (await work(each)) || undefined, signal);
        return measured === true;
      });
      if (signal.aborted) return;
      board.note(problem && `There is no draft model: ${problem.message} ${problem.remedy}`);
      if (problem) connection.console.warn(`foretoken.draftModel: ${problem.message} ${problem.remedy}`);
      else if (slot.engine) connection.console.info(draftModelLine(slot.engine));
    },
    abortTuning: () => tuning.abort(),
    isWorthAnotherTry: () => failed !== undefined && failed.stamp !== chosenStamp(settings()),
    onLoaded: loaded.event,
    onTuned: tuned.event,
  };
  return loading;
}

interface SwitchedModel {
  /** The model to use from now on, if it changed. */
  readonly used?: LoadedModel;
  /** Why the requested model is not in use. */
  readonly problem?: EngineProblem;
}

/**
 * Loads the model that the settings ask for: beside the present model if there is memory for both, otherwise in its place.
 * If it cannot be loaded, the previous model stays in use. undefined if another load was requested meanwhile.
 * @param before settings with which a model was loaded last
 * @param beforehand called before the present model is given up
 */
async function switchModel(
  host: ModelHost,
  wanted: Settings,
  before: Settings | undefined,
  beforehand: () => void,
  less: boolean,
): Promise<SwitchedModel | undefined> {
  const isBeside = !less && host.current !== undefined && fitsBeside(host.current);
  if (!isBeside) beforehand();
  const outcome = await latest(host, isBeside ? host.exchange(wanted) : host.reload(wanted, less));
  if (!outcome || "engine" in outcome) return outcome && { used: outcome };
  const isOther = before !== undefined && RELOADING_SETTINGS.some(key => before[key] !== wanted[key]);
  const again = !isBeside && isOther ? await latest(host, host.reload(before)) : undefined;
  const name = host.current?.info.modelName;
  const { problem } = outcome;
  return {
    ...(again && "engine" in again && { used: again }),
    problem: name === undefined ? problem : { ...problem, remedy: `${problem.remedy} ${name} stays in use.` },
  };
}

/** The outcome of a load; undefined if another one was requested meanwhile, whose outcome counts instead. */
async function latest(
  host: ModelHost,
  loading: Promise<EngineOutcome | undefined>,
): Promise<EngineOutcome | undefined> {
  const outcome = await loading;
  return host.isLatest(loading) ? outcome : undefined;
}

const draftModelLine = (engine: Engine) =>
  `${engine.info.modelName} from ${engine.info.modelPath} drafts: ${engine.info.backend}, ${engine.cost(1).toFixed(1)} ms a token.`;

/** Whether there is memory for another model while this one serves. A graphics card holds only one model. */
function fitsBeside({ info }: Engine): boolean {
  const bytes = modelBytes(info.modelPath);
  // 0: its file is gone, so it is not worth keeping while another loads.
  return info.backend === "cpu" && bytes > 0 && freeMemoryBytes() > bytes;
}

function reportProblem(connection: Connection, board: StatusBoard, { message, remedy }: EngineProblem): void {
  connection.console.error(`${message} ${remedy}`);
  board.failed(message, remedy);
}

/** Runs `action` when the returned function has not been called for the current number of minutes; never for 0. */
function afterQuietMinutes(minutes: () => number, action: () => unknown): () => void {
  let timer: NodeJS.Timeout | undefined;
  let calledMs = 0;
  const wait = () => {
    // A clock that was set back must not keep the model for longer.
    calledMs = Math.min(calledMs, Date.now());
    const leftMs = minutes() > 0 ? calledMs + minutes() * 60_000 - Date.now() : Number.POSITIVE_INFINITY;
    if (leftMs <= 0) action();
    // Checked again, since the number of minutes may change.
    else timer = setTimeout(wait, Math.min(leftMs, LOOK_MS)).unref();
  };
  return () => {
    clearTimeout(timer);
    calledMs = Date.now();
    wait();
  };
}

/** Runs `work` once nothing else is computed; a completion that comes meanwhile goes first. */
async function whenIdle<T>(
  session: Session,
  work: (signal: AbortSignal) => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T | undefined> {
  while (!signal.aborted) {
    await pause(Math.max(MIN_WAIT_MS, IDLE_MS - session.idleMs), undefined, { ref: false });
    if (session.idleMs < IDLE_MS || signal.aborted) continue;
    let hasFailed = false;
    const result = await session.run(signal, async each => {
      const done = await work(each);
      hasFailed = done === undefined && !each.aborted;
      return done;
    });
    if (result !== undefined || hasFailed) return result;
  }
  return undefined;
}

/** Frees the loaded model; false if none is loaded. */
async function freeModel(host: ModelHost, board: StatusBoard, beforehand: () => void): Promise<boolean> {
  if (!host.current) return false;
  beforehand();
  await host.dispose();
  // The model may have been requested again meanwhile.
  if (host.isEmpty) board.asleep();
  return true;
}

/** Tunes a model, if needed, once nothing else is computed. Resolves to false if it was aborted. */
async function tune(
  connection: Connection,
  session: Session,
  work: Tuning | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (!work) return true;
  const reported = await whenIdle(session, work, signal);
  if (reported !== undefined) connection.console.info(reported);
  return reported !== undefined;
}

/** Shows a loaded model in the log and in the status. */
function announce(connection: Connection, board: StatusBoard, engine: Engine, enabled: boolean): void {
  const { info } = engine;
  connection.console.info(
    `Model ${info.modelName} (${info.architecture}) from ${info.modelPath}: ${info.backend}, ${counted(info.threads, "thread")}, ${info.contextTokens} tokens of context.`,
  );
  for (const note of info.notes) connection.console.warn(note);
  board.ready(engine);
  board.switch(enabled);
}
