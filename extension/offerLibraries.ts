/** Offers once to fetch the libraries of an NVIDIA card, where one is here and nothing else was asked for. */
import * as vscode from "vscode";
import type { LibrariesReport, ModelFailure } from "../server/protocol/index.ts";
import type { Activity } from "./activity.ts";
import { withPercent } from "./percentProgress.ts";

/** What the offer needs of the server. */
interface LibrarySource {
  wantsLibraries(): Promise<boolean>;
  fetchLibraries(
    onReport: (report: LibrariesReport) => void,
    token: vscode.CancellationToken,
  ): Promise<ModelFailure | null>;
}

const ASKED = "foretoken.librariesOffered";
const FETCH = "Fetch Them";
const AGAIN = "Try Again";

/** Resolves when they are in use, or there is nothing more to do. @param restart takes them into use */
export async function offerLibraries(
  source: LibrarySource,
  memory: vscode.Memento,
  activity: Activity,
  restart: () => Promise<void>,
): Promise<void> {
  if (memory.get(ASKED) === true || !(await source.wantsLibraries())) return;
  await memory.update(ASKED, true);
  const chosen = await vscode.window.showInformationMessage(
    "Foretoken: this machine has an NVIDIA graphics card. Completions are faster with its CUDA libraries, about 200 MB from npm's registry. None of your code is sent.",
    FETCH,
    "No",
  );
  if (chosen === FETCH) await fetchLibraries(source, activity, restart);
}

async function fetchLibraries(
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
