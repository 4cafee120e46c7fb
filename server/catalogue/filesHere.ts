/** Model files on this machine: fetched ones, and those of other programs. */
import { cacheDirectory } from "../system/index.ts";
import { modelsFolder } from "./fetchModel.ts";
import { modelsHere } from "./foundModels.ts";
import { fetchedModels } from "./modelFolder.ts";

export const modelFilesHere = (): string[] =>
  [...fetchedModels(modelsFolder(cacheDirectory())), ...modelsHere()].map(({ path }) => path);
