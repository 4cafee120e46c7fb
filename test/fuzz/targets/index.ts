import type { FuzzTarget } from "../target.ts";
import { edits } from "./edits.ts";
import { files } from "./files.ts";
import { gguf } from "./gguf.ts";
import { ignore } from "./ignore.ts";
import { messages } from "./messages.ts";
import { settings } from "./settings.ts";
import { sources } from "./sources.ts";
import { starts } from "./starts.ts";
import { stores } from "./stores.ts";

export const TARGETS: readonly FuzzTarget[] = [
  gguf,
  stores,
  edits,
  starts,
  messages,
  settings,
  ignore,
  sources,
  files,
];
