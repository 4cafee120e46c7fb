/** What can be done about a problem with one click, read from the remedy in words. */
import { Commands, TITLES } from "./commands.ts";

interface RemedyAction {
  readonly label: string;
  readonly command: string;
  readonly args?: readonly unknown[];
}

/** Commands a remedy may name, by the title they have in the palette. */
const NAMED = /Foretoken: ([A-Z]\w*(?: [A-Z]\w*)*)/g;
const SETTING = /"(foretoken\.\w+)"/g;
const OTHER_MODEL = /\b(choose|take|try)\b[^.]*\b(model|another|smaller)\b/i;

/** The actions a remedy names, in its order: commands, settings, and the choice of a model. */
export function remedyActions(remedy: string): RemedyAction[] {
  const found: (RemedyAction & { readonly at: number })[] = [];
  for (const { 1: title = "", index } of remedy.matchAll(NAMED)) {
    const command = Object.entries(TITLES).find(([, known]) => known === title)?.[0];
    if (command !== undefined) found.push({ label: title, command, at: index });
  }
  for (const { 1: setting = "", index } of remedy.matchAll(SETTING))
    found.push({
      label: `Open the Setting ${setting}`,
      command: "workbench.action.openSettings",
      args: [setting],
      at: index,
    });
  const other = OTHER_MODEL.exec(remedy);
  const model = Commands.chooseModel;
  if (other && !found.some(({ command }) => command === model))
    found.push({ label: TITLES[model], command: model, at: other.index });
  return found.sort((a, b) => a.at - b.at).map(({ at, ...action }) => action);
}
