/** What the user should know about a loaded model, besides its placement in memory. */
import type { Backend, BackendOptions } from "./backend.ts";

interface NotedModel {
  readonly backend: Backend;
  readonly architecture: string;
  /** Whether tokens can be taken back out of the KV cache one by one. */
  readonly canRollBack: boolean;
}

/** The note on a model that only sees the text before the cursor. */
export const NO_MIDDLE_NOTE =
  'The model has no fill-in-the-middle tokens: it sees only the text before the cursor. Choose one that has in the setting "foretoken.modelPath".';

function withoutDeviceNote(
  name: NonNullable<Backend["withoutDevice"]>,
  requested: BackendOptions["requestedBackend"],
): string {
  const remedy =
    requested === "auto"
      ? "The back end is chosen again at the next start."
      : 'Install or repair the driver of the graphics card, or set "foretoken.backend" to "auto".';
  return `No graphics device for ${name} was found: the model runs on the CPU. ${remedy}`;
}

/** What the user should know of a model, in sentences. */
export function notesOf(
  { backend, architecture, canRollBack }: NotedModel,
  requestedBackend: BackendOptions["requestedBackend"],
  hasMiddle: boolean,
): string[] {
  const notes: string[] = [];
  if (backend.insteadOf)
    notes.push(
      `Loading llama.cpp for ${backend.insteadOf} has ended the server repeatedly: the model runs on the CPU. To try it again: Foretoken: Restart Server.`,
    );
  if (!canRollBack)
    notes.push(
      `${architecture} keeps recurrent state, which cannot be rolled back: drafts are off for this model.`,
    );
  if (backend.withoutDevice) notes.push(withoutDeviceNote(backend.withoutDevice, requestedBackend));
  if (!hasMiddle) notes.push(NO_MIDDLE_NOTE);
  return notes;
}
