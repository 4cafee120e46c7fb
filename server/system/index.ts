export {
  benchScript,
  cacheDirectory,
  commandLineScript,
  defaultModelPath,
  grammarsDirectory,
  packageRoot,
  probeScript,
  storesDirectory,
  tokenizeWorkerScript,
} from "./paths.ts";
export { reportAndFail, UsageError, whole } from "./usage.ts";
