/** `foretoken bench calibration`: which projects and stores, and the report. */
import { parseArgs } from "node:util";
import { openCorpus, withVocabulary } from "../../server/corpus/index.ts";
import { Calibration } from "../../server/draft/index.ts";
import { ArgumentsError, defaultModelPath, UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { fitCalibration, reliabilityTable, runCalibration, weightsText } from "./calibration.ts";
import { load, print, progress } from "./command.ts";

export async function calibrationCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      corpus: { type: "string" },
      datastore: { type: "string" },
      places: { type: "string" },
      model: { type: "string" },
      own: { type: "boolean" },
      fit: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const projectFolder = path(values.corpus);
  if (!projectFolder) throw new ArgumentsError("calibration needs --corpus FOLDER.");
  const placesPerFile = whole(values, "places", 4, 1);
  const store = path(values.datastore);
  await withVocabulary(path(values.model) ?? defaultModelPath(), async vocabulary => {
    const opened = store === undefined ? undefined : openCorpus(store, vocabulary.fingerprint);
    const onProject = (number: number) => progress(`project ${number}`);
    const datastores = opened?.sources ?? [];
    const engine = values.own ? await load(values, 0, 0, signal) : undefined;
    const run = { projectFolder, datastores, placesPerFile, vocabulary, engine, signal, onProject };
    try {
      const fitted = values.fit ? await fitCalibration(run) : undefined;
      const seen = await runCalibration(run, new Calibration(fitted ? { prior: fitted.weights } : {}), 1);
      progress("");
      if (seen.tokens === 0) throw new UsageError(`${projectFolder} has no projects of three Python files.`);
      const rows = seen.rows();
      const speedup = seen.tokens / seen.cost;
      if (values.json)
        return print(JSON.stringify({ tokens: seen.tokens, speedup, sources: rows, fitted }, null, 2));
      print(
        `${seen.tokens} tokens, ${speedup.toFixed(2)} times plain where each further node costs an eighth`,
      );
      print(
        `probability : share that was right, in percent, by classes of probability\n\n${reliabilityTable(rows)}`,
      );
      if (fitted) print(`\n${weightsText(fitted)}`);
    } finally {
      opened?.store.close();
      await engine?.dispose();
    }
  });
}
