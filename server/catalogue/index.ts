export { type CatalogueModel, readCatalogue } from "./catalogue.ts";
export { chosenModel } from "./chosenModel.ts";
export { MODEL_USAGE, modelCommand } from "./command.ts";
export { modelsFolder } from "./fetchModel.ts";
export { locateModel } from "./resolveModel.ts";
