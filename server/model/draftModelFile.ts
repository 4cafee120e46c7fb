/** Finds the file of the draft model if the user leaves the choice to the extension. */
import { modelFilesHere } from "../catalogue/index.ts";
import { type EngineInfo, filesHaveSameTokens } from "../engine/index.ts";
import { compareTokensScript, defaultModelPath, modelBytes } from "../system/index.ts";

/** A draft model that is not much smaller is hardly worth it. */
const LARGEST_SHARE = 1 / 3;
/** Most files that are read, the smallest first: a cache may hold any number. */
const MOST_FILES = 16;

/**
 * The smallest model on this machine with the vocabulary of the one at `modelPath`, at most a third of its size; undefined
 * if there is none. @param files the files to choose from
 */
export async function findDraftModel(
  { modelPath }: Pick<EngineInfo, "modelPath">,
  files: readonly string[] = [...modelFilesHere(), defaultModelPath()],
): Promise<string | undefined> {
  const most = modelBytes(modelPath) * LARGEST_SHARE;
  const smaller = [...new Set(files)]
    .map(path => ({ path, bytes: modelBytes(path) }))
    .filter(({ bytes }) => bytes > 0 && bytes <= most)
    .sort((a, b) => a.bytes - b.bytes);
  for (const { path } of smaller.slice(0, MOST_FILES))
    if (await filesHaveSameTokens(modelPath, path, compareTokensScript())) return path;
  return undefined;
}
