export { readCatalogue } from "./catalogue.ts";
export type { MachineFacts } from "./choices.ts";
export { chosenModel, DEFAULT_MODEL } from "./chosenModel.ts";
export { MODEL_USAGE, modelCommand } from "./command.ts";
export { catalogueOf, listModels, registerCatalogue } from "./feature.ts";
export { modelsFolder } from "./fetchModel.ts";
export { modelFilesHere } from "./filesHere.ts";
export { isPathReference } from "./reference.ts";
export { type LocateOutcome, locateModel } from "./resolveModel.ts";
