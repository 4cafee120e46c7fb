/** A client of a server with a fake model, and the document that it completes. */
import type { LoadModel } from "../../server/model/modelHost.ts";
import { connect } from "./client.ts";
import { chaotic, FakeEngine } from "./engine.ts";

export const URI = "file:///project/sample.py";
export const TEXT = "def add(a, b):\n    ";
export const AT_END = { line: 1, character: 4 };

export const serving = (load: LoadModel) => ({ modelLoader: () => load });
export const withEngine = (engine: FakeEngine) => serving(async () => ({ engine }));
/** Generates something else at each step and never ends. */
export const endless = () => new FakeEngine(chaotic);

/** Connects a client that has the document open. */
export async function opened(engine: FakeEngine, text = TEXT) {
  const client = await connect(withEngine(engine));
  client.open(URI, text);
  return client;
}
