export {
  benchScript,
  cacheDirectory,
  commandLineScript,
  defaultModelPath,
  grammarsDirectory,
  probeScript,
  storesDirectory,
  tokenizeWorkerScript,
} from "./paths.ts";
export { UsageError, whole } from "./usage.ts";
