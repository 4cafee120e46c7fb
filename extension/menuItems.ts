/** The menu of the status bar item: the actions that are available now, in words. */
import { Commands, TITLES } from "./commands.ts";
import { counted } from "./figures/index.ts";
import { remedyActions } from "./remedies.ts";
import type { StatusView } from "./statusText.ts";
import { whyNothing } from "./whyNothing.ts";

/** An entry, which runs a command; or a line above a group of them. */
export type MenuItem =
  | { readonly heading: string }
  | {
      readonly label: string;
      readonly description?: string | undefined;
      readonly command: string;
      readonly args?: readonly unknown[];
    };

/** Choices for a snooze, in minutes. */
const SNOOZE_MINUTES = [5, 15, 60] as const;

/** The entries that begin or end a snooze. @param minutesLeft of the present one; 0 where there is none */
export function snoozeItems(minutesLeft: number): MenuItem[] {
  const begin = SNOOZE_MINUTES.map(minutes => ({
    label: `$(bell-slash) Snooze for ${counted(minutes, "minute")}`,
    command: Commands.snooze,
    args: [minutes],
  }));
  if (minutesLeft === 0) return begin;
  const end = {
    label: "$(bell) End the Snooze",
    description: `${counted(minutesLeft, "minute")} left`,
    command: Commands.snooze,
    args: [0],
  };
  return [end, ...begin];
}

/** @param extension the id by which VS Code knows the settings */
export function menuItems(view: StatusView, extension: string): MenuItem[] {
  const { status, snoozedMinutes = 0 } = view;
  return [
    ...problemItems(view),
    { heading: "Suggestions" },
    ...switchItems(view),
    ...snoozeItems(snoozedMinutes),
    { heading: "Model and drafts" },
    titled("$(server)", Commands.chooseModel, status.model?.name),
    titled("$(database)", Commands.rebuildDatastore),
    ...(status.model && status.state !== "asleep" ? [titled("$(trash)", Commands.freeMemory)] : []),
    titled("$(refresh)", Commands.restartServer),
    { heading: "More" },
    titled("$(graph)", Commands.dashboard),
    titled("$(question)", Commands.explain, whyNothing(status, view)),
    titled("$(output)", Commands.showLog),
    { label: "$(gear) Settings", command: "workbench.action.openSettings", args: [`@ext:${extension}`] },
  ];
}

const titled = (icon: string, command: keyof typeof TITLES, description?: string): MenuItem => ({
  label: `${icon} ${TITLES[command]}`,
  description,
  command,
});

/** What is wrong, and what to do about it. */
function problemItems({
  status: { state, message = "Something is wrong", remedy = "" },
}: StatusView): MenuItem[] {
  if (state !== "error") return [];
  const actions = remedyActions(remedy).map(action => ({ ...action, label: `$(lightbulb) ${action.label}` }));
  return [{ heading: message }, ...actions];
}

function switchItems({ status, languageId, languageOff }: StatusView): MenuItem[] {
  const isOff = status.state === "off";
  const all = {
    label: isOff ? "$(check) Turn On" : "$(circle-slash) Turn Off",
    command: Commands.toggle,
  };
  if (isOff || languageId === undefined) return [all];
  const label =
    languageOff === undefined
      ? `$(circle-slash) Turn Off for ${languageId}`
      : `$(check) Turn On for ${languageId}`;
  return [all, { label, command: Commands.toggleLanguage, args: [languageId] }];
}
