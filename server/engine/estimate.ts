/**
 * A process that asks node-llama-cpp how much memory a model needs: `estimate.js PATH CONTEXT_TOKENS`. It is a separate
 * process because the parser of node-llama-cpp does not end on some damaged files.
 */
import { GgufInsights, readGgufFileInfo } from "node-llama-cpp";
import { LARGEST_CHUNK } from "./configuration.ts";

const [path = "", contextTokens = ""] = process.argv.slice(2);
const insights = await GgufInsights.from(await readGgufFileInfo(path, { logWarnings: false }));
const contextSize = Math.min(Number(contextTokens), insights.trainContextSize ?? Number(contextTokens));
const weights = insights.estimateModelResourceRequirements({ gpuLayers: 0 });
const context = insights.estimateContextResourceRequirements({
  contextSize,
  modelGpuLayers: 0,
  batchSize: LARGEST_CHUNK,
});
process.stdout.write(`${weights.cpuRam + context.cpuRam}\n`);
