/** Choosing a model in the server: lists models, fetches them, and tests those that were fetched. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Connection } from "vscode-languageserver";
import {
  type FetchModelParams,
  FetchModelRequest,
  type FetchModelResult,
  ListModelsRequest,
  type ModelFailure,
  type ModelList,
  ModelProgress,
  type ModelProgressReport,
  type Settings,
  timeLeftText,
} from "../protocol/index.ts";
import {
  cacheDirectory,
  cataloguePath,
  commandLineScript,
  inBackground,
  memoryBytes,
  messageOf,
} from "../system/index.ts";
import { type CatalogueOutcome, readCatalogue } from "./catalogue.ts";
import { type MachineFacts, modelChoices } from "./choices.ts";
import { type FetchProgress, fetchModel, modelsFolder } from "./fetchModel.ts";
import { filesByHash, modelsHere } from "./foundModels.ts";
import { fetchedModels } from "./modelFolder.ts";
import { parseReference } from "./reference.ts";
import { locateModel } from "./resolveModel.ts";

interface CatalogueParts {
  settings(): Settings;
  /** Figures of the loaded model, if there is one and it has been measured. */
  measured(): MachineFacts["measured"];
  /** Memory of the graphics card that computes, if one does. */
  graphicsBytes(): number | undefined;
  /** Memory in bytes that a model on this machine takes with a context of this many tokens. */
  needed(path: string, contextTokens: number): Promise<number | undefined>;
}

/** The default context, which `foretoken.contextTokens` at 0 gives. */
const USUAL_CONTEXT_TOKENS = 4096;

/** Longest time for loading, tuning and testing a model. */
const CHECK_MS = 10 * 60_000;

export const catalogueOf = ({ catalogue }: Pick<Settings, "catalogue">): CatalogueOutcome =>
  readCatalogue(catalogue.trim() || cataloguePath());

export function registerCatalogue(connection: Connection, parts: CatalogueParts): void {
  const { settings } = parts;
  const folder = modelsFolder(cacheDirectory());

  connection.onRequest(ListModelsRequest, () => listModels(parts));

  connection.onRequest(FetchModelRequest, async ({ progressToken, ...wanted }, token) => {
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    const tell = (report: ModelProgressReport) => {
      if (progressToken === undefined) return;
      const sent = connection.sendProgress(ModelProgress, progressToken, report);
      inBackground(sent, "Reporting progress", message => connection.console.error(message));
    };
    return fetchAndTest(wanted, settings(), folder, tell, cancel.signal);
  });
}

/** The models that users may choose from, with what they would take on this machine. */
export async function listModels(parts: CatalogueParts): Promise<ModelList> {
  const settings = parts.settings();
  const catalogue = catalogueOf(settings);
  if ("problem" in catalogue) return { models: [], problem: catalogue.problem };
  const [fetched, found] = [fetchedModels(modelsFolder(cacheDirectory())), modelsHere()];
  const paths = [...fetched, ...found].map(({ path }) => path);
  const machine = {
    memoryBytes: memoryBytes(),
    graphicsBytes: parts.graphicsBytes(),
    measured: parts.measured(),
    needed: await neededBy(paths, settings.contextTokens || USUAL_CONTEXT_TOKENS, parts),
  };
  return { models: modelChoices(catalogue.models, fetched, found, machine) };
}

/** Time for examining files before models are listed; the size alone counts for files not examined by then. */
const ESTIMATES_MS = 3_000;

async function neededBy(
  paths: readonly string[],
  contextTokens: number,
  parts: CatalogueParts,
): Promise<ReadonlyMap<string, number>> {
  const needed = new Map<string, number>();
  const end = performance.now() + ESTIMATES_MS;
  for (const path of paths) {
    if (performance.now() > end) break;
    const bytes = await parts.needed(path, contextTokens);
    if (bytes !== undefined) needed.set(path, bytes);
  }
  return needed;
}

async function fetchAndTest(
  { reference, hubToken }: FetchModelParams,
  settings: Settings,
  folder: string,
  tell: (report: ModelProgressReport) => void,
  signal: AbortSignal,
): Promise<FetchModelResult> {
  const catalogue = catalogueOf(settings);
  if ("problem" in catalogue) return catalogue;
  const read = parseReference(reference, catalogue.models);
  if ("problem" in read) return read;
  const fetched = await fetchModel(read.reference, folder, {
    reference,
    signal,
    present: filesByHash(modelsHere()),
    onProgress: throttled(progress =>
      tell({
        phase: "fetch",
        done: progress.bytes / Math.max(1, progress.totalBytes),
        text: progressText(progress),
      }),
    ),
    hubUrl: settings.hub,
    ...(hubToken && { token: hubToken }),
  });
  if ("problem" in fetched) return fetched;
  const located = locateModel(reference, catalogue.models, folder);
  if ("problem" in located) return located;
  tell({ phase: "check", text: "testing the model" });
  const problem = await check(located.path, settings.backend, signal);
  return problem ? { problem } : located;
}

const PROGRESS_MS = 200;

/** Calls at most every `PROGRESS_MS`: a download arrives in thousands of chunks. */
function throttled(action: (progress: FetchProgress) => void): (progress: FetchProgress) => void {
  let at = Number.NEGATIVE_INFINITY;
  return progress => {
    if (performance.now() - at < PROGRESS_MS && progress.bytes < progress.totalBytes) return;
    at = performance.now();
    action(progress);
  };
}

function progressText({ bytes, totalBytes, bytesPerSecond, leftMs }: FetchProgress): string {
  const megabytes = (count: number) => Math.round(count / 1e6).toLocaleString("en");
  const rate = bytesPerSecond > 0 ? `, ${megabytes(bytesPerSecond)} MB/s` : "";
  return `${megabytes(bytes)} of ${megabytes(totalBytes)} MB${rate}${timeLeftText(leftMs)}`;
}

/**
 * Tests a model in a separate process while the present model keeps serving: if the file makes the library end its
 * process, only that process ends. Returns why the model must not be used.
 */
async function check(path: string, backend: string, signal: AbortSignal): Promise<ModelFailure | undefined> {
  const args = [commandLineScript(), "model", "check", path, "--json", "--backend", backend];
  try {
    await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      signal,
      timeout: CHECK_MS,
    });
    return undefined;
  } catch (error) {
    const remedy = "Choose another model.";
    if (signal.aborted) return { code: "cancelled", message: "The test of the model was cancelled.", remedy };
    return { message: `${path} is not used: ${reasonOf(error)}`, remedy };
  }
}

/** The reason that a failed check gave: its report, or else its last line of output. */
function reasonOf(error: unknown): string {
  const { stdout, stderr, killed } = error as { stdout?: string; stderr?: string; killed?: boolean };
  if (killed) return `it was not tested within ${CHECK_MS / 60_000} minutes.`;
  try {
    const { problem } = JSON.parse(stdout ?? "") as { problem?: unknown };
    if (typeof problem === "string") return problem;
  } catch {
    // There is no report: the model could not be loaded.
  }
  const lines = (stderr ?? "").trim().split("\n");
  return lines.at(-1)?.replace(/^foretoken: /, "") || messageOf(error);
}
