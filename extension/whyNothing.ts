/** Why there is no suggestion, in one line. */
import type { Status } from "../server/protocol/index.ts";
import { counted } from "./figures/index.ts";

/** What the extension knows about the user's current place; the server knows the rest. */
export interface Surroundings {
  /** URI of the current document; undefined if there is none. */
  readonly uri?: string | undefined;
  /** The scheme of its URI, if completions are not offered there: `git`, `output`. */
  readonly unofferedScheme?: string | undefined;
  /** Id of its language. */
  readonly languageId?: string | undefined;
  /** Its language, if completions are off in that alone. */
  readonly languageOff?: string | undefined;
  /** Minutes that are left of a snooze; 0 without one. */
  readonly snoozedMinutes?: number | undefined;
  readonly cursors?: "several" | "selection" | undefined;
}

/** Why the selections in an editor keep it from being completed. */
export function cursorsOf(selections: readonly { readonly isEmpty: boolean }[]): Surroundings["cursors"] {
  if (selections.length > 1) return "several";
  return selections.some(({ isEmpty }) => !isEmpty) ? "selection" : undefined;
}

/** The reason that only the extension knows, since the server has not been asked. */
export function unaskedReason(
  { state }: Pick<Status, "state">,
  { unofferedScheme, languageOff, snoozedMinutes = 0, cursors }: Surroundings,
): string | undefined {
  if (state === "off") return 'Completions are switched off ("foretoken.enabled").';
  if (unofferedScheme !== undefined)
    return `Completions are offered in files, notebooks and untitled documents, not in "${unofferedScheme}:".`;
  if (languageOff !== undefined)
    return `Completions are off for the language ${languageOff} ("foretoken.languages").`;
  if (snoozedMinutes > 0) return `Completions are snoozed for ${counted(snoozedMinutes, "minute")}.`;
  if (cursors === "several") return "There are several cursors.";
  if (cursors === "selection") return "Text is selected.";
  return undefined;
}

/** The reason, if there is one, for the last request in the current document. */
export function whyNothing(status: Status, around: Surroundings): string | undefined {
  const { state, message = "", remedy = "", nothing, loaded } = status;
  if (state === "error") return `${message} ${remedy}`.trim();
  if (state === "starting" || loaded !== undefined) return "The model is being loaded.";
  const unasked = unaskedReason(status, around);
  if (unasked !== undefined) return unasked;
  if (!nothing || nothing.uri !== around.uri) return undefined;
  return `Line ${nothing.line + 1}, column ${nothing.character + 1}: ${nothing.why}`;
}
