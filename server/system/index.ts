export { makeFolder, writeWhole } from "../../datastores/files/index.ts";
export { codeOf, messageOf, processIsAlive, readNamed } from "../../datastores/index.ts";
export { inBackground } from "./background.ts";
export { counted } from "./counted.ts";
export { faultRemedy } from "./faultRemedy.ts";
export { firstBytes } from "./firstBytes.ts";
export { drain } from "./generators.ts";
export { freeMemoryBytes, memoryBytes } from "./memory.ts";
export { EMBEDDING_ARCHITECTURES, otherKind } from "./modelKind.ts";
export { modelBytes, modelStamp, partsOf } from "./modelParts.ts";
export { hasNvidiaDriver } from "./nvidiaDriver.ts";
export { endWithOutput, reportRetry, workUnread } from "./output.ts";
export {
  benchScript,
  cacheDirectory,
  cataloguePath,
  commandLineScript,
  compareTokensScript,
  decodeScript,
  defaultModelPath,
  estimateScript,
  grammarsDirectory,
  librariesDirectory,
  librariesFile,
  packageRoot,
  packageVersion,
  probeScript,
  readWorkerScript,
  renderScript,
  storesDirectory,
  tokenizeWorkerScript,
} from "./paths.ts";
export { inOptions, jsonText, printable, refusalOf, shownText } from "./plainWords.ts";
export { runsOnBattery } from "./powerSource.ts";
export { isRecord } from "./records.ts";
export { median, quantile } from "./statistics.ts";
export {
  ArgumentsError,
  interrupted,
  orUsageError,
  refuseOtherOptions,
  refuseSurplus,
  reportAndFail,
  UsageError,
  whole,
} from "./usage.ts";
export { expandPath, homeFolder, resolvePath } from "./userPaths.ts";
