/** Offers once to fetch the libraries of an NVIDIA card, if there is one and the user has chosen no other back end. */
import * as vscode from "vscode";
import type { LibrariesReport, ModelFailure, Status } from "../server/protocol/index.ts";
import type { Activity } from "./activity.ts";
import type { Ask, Memory } from "./memory.ts";
import { withPercent } from "./percentProgress.ts";

const KEY = "foretoken.librariesOffered";
const FETCH = "Fetch Them";
const AGAIN = "Try Again";

interface OfferParts {
  readonly memory: Memory;
  readonly ask: Ask;
  /** Whether they could be fetched for this machine. */
  wantsLibraries(): Promise<boolean>;
  /** Fetches them and takes them into use. */
  fetch(): Promise<void>;
}

export class LibraryOffer {
  /** Whether this was checked since a model was last loaded: with other settings, or another server, the answer may differ. */
  private hasLooked = false;

  constructor(private readonly parts: OfferParts) {}

  /** Resolves when the libraries are in use, or there is nothing more to do. */
  async follow({ state }: Pick<Status, "state">): Promise<void> {
    const { memory, ask, wantsLibraries, fetch } = this.parts;
    const { hasLooked } = this;
    this.hasLooked = state !== "starting" && state !== "error";
    const isOffered = () => memory.get(KEY) === true;
    if (hasLooked || !this.hasLooked || isOffered()) return;
    // A later load may have led to the offer meanwhile.
    if (!(await wantsLibraries()) || isOffered()) return;
    const remembered = memory.update(KEY, true);
    const chosen = await ask(
      "Foretoken: this machine has an NVIDIA graphics card. Completions are faster with the CUDA libraries, about 200 MB from npm's registry. None of your code is sent.",
      FETCH,
      "No",
    );
    await remembered;
    if (chosen === FETCH) await fetch();
  }
}

/** What fetching needs of the server. */
interface LibrarySource {
  fetchLibraries(
    onReport: (report: LibrariesReport) => void,
    token: vscode.CancellationToken,
  ): Promise<ModelFailure | null>;
}

/** Resolves when they are in use, or there is nothing more to do. @param restart takes them into use */
export async function fetchLibraries(
  source: LibrarySource,
  activity: Activity,
  restart: () => Promise<void>,
): Promise<void> {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const problem = await withPercent("Foretoken: CUDA libraries", activity, (show, token) =>
    source.fetchLibraries(
      ({ bytes, totalBytes }) =>
        show(`${megabytes(bytes)} of ${megabytes(totalBytes)} MB`, bytes / Math.max(1, totalBytes)),
      token,
    ),
  );
  if (!problem) return restart();
  if (problem.code === "cancelled") return;
  const text = `Foretoken: ${problem.message} ${problem.remedy}`;
  if ((await vscode.window.showErrorMessage(text, AGAIN)) === AGAIN)
    await fetchLibraries(source, activity, restart);
}
