/** Turns a source that a user names into the inputs of a build and the filters for them. */
import { rmSync } from "node:fs";
import { type BuildInput, type DocumentFilter, removedFrom } from "../../datastores/build/index.ts";
import { DenyList, Filters } from "../../datastores/filters/index.ts";
import { StoreError } from "../../datastores/index.ts";
import {
  download,
  isDamage,
  listInputs,
  parseSource,
  type ReadOptions,
  readApart,
  readInput,
  type SourceInput,
  type SourceSpec,
  statesLicences,
} from "../../datastores/sources/index.ts";
import { expandPath, readWorkerScript, reportRetry } from "../system/index.ts";
import { loadPythonSyntax } from "./pythonSyntax.ts";

/** Raised when the filters leave out other documents than before, so that stores are rebuilt. */
const FILTERS_VERSION = 5;

/** The source of a name. Throws a `StoreError` that lists what is accepted if there is no such source. */
export function specOf(source: string): SourceSpec {
  const outcome = parseSource(expandPath(source));
  if ("problem" in outcome) throw new StoreError(outcome.problem);
  return outcome.spec;
}

/**
 * The inputs of a source. A file of the hub is brought to `downloads` when it is read, and removed after.
 * @param first how many inputs of a data set are taken; the others of a share still count as inputs
 * @param column the column or key that holds the text, if it does not have one of the known names
 */
export async function inputsOf(
  spec: SourceSpec,
  downloads: string,
  first: number,
  signal: AbortSignal,
  column?: string,
): Promise<BuildInput[]> {
  const inputs = await listInputs(spec, { signal, onRetry: reportRetry });
  const contentColumn = column === undefined ? {} : { contentColumn: column };
  return inputs.slice(0, first).map(input => ({
    name: input.name,
    identity: column === undefined ? input.identity : `${input.identity}#${column}`,
    bytes: input.bytes,
    documents: (signal, onBytes, onSkipped) =>
      readAny(input, downloads, {
        ...contentColumn,
        signal,
        onProgress: onBytes,
        onSkipped: (reason, name) => onSkipped(reason, isDamage(reason) ? name : undefined),
      }),
  }));
}

async function* readAny(input: SourceInput, downloads: string, options: ReadOptions) {
  if (input.kind === "folder") {
    yield* readInput(input, options);
    return;
  }
  const apart = { ...options, script: readWorkerScript() };
  if (input.kind === "file") {
    yield* readApart(input, apart);
    return;
  }
  const local = await download(input, downloads, { ...options, onRetry: reportRetry });
  yield* readApart(local, apart);
  rmSync(local.path, { force: true });
}

/**
 * The filters for the sources: only permissive licences where a source states them, nothing denied, removed,
 * generated or repeated, and only Python 3 of Python, unless a source is a folder, which may hold the user's own code
 * of any version.
 * @param denyList file with owners, repositories and hashes @param directory the store's folder, whose
 * tombstones count as well
 */
export async function filterFor(
  specs: readonly SourceSpec[],
  denyList: string | undefined,
  directory: string,
): Promise<DocumentFilter> {
  const listed = denyList === undefined ? DenyList.empty : DenyList.read(denyList);
  const denied = listed.with(DenyList.parse(removedFrom(directory).join("\n"), "tombstones"));
  const licences = specs.some(statesLicences) ? "permissive" : "any";
  const anyPython = specs.some(({ kind }) => kind === "folder");
  const syntax = anyPython ? undefined : await loadPythonSyntax();
  const options = { licences, unknownLicence: "drop", denyList: denied, syntax } as const;
  return {
    identity: `filters ${FILTERS_VERSION}, licences ${licences}, python ${anyPython ? "any" : 3}, denied ${denied.version}`,
    forInput: () => new Filters(options),
  };
}
