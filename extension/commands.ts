/** Command ids. A test compares them with `package.json`. */
export const Commands = {
  menu: "foretoken.menu",
  toggle: "foretoken.toggle",
  toggleLanguage: "foretoken.toggleLanguage",
  snooze: "foretoken.snooze",
  trigger: "foretoken.trigger",
  chooseModel: "foretoken.chooseModel",
  rebuildDatastore: "foretoken.rebuildDatastore",
  restartServer: "foretoken.restartServer",
  freeMemory: "foretoken.freeMemory",
  dashboard: "foretoken.dashboard",
  explain: "foretoken.explain",
  showLog: "foretoken.showLog",
  dismiss: "foretoken.dismiss",
} as const;

/** Titles, as in `package.json`, of the commands that the menu, a message or a remedy may name. */
export const TITLES = {
  [Commands.chooseModel]: "Choose Model",
  [Commands.rebuildDatastore]: "Rebuild Datastore",
  [Commands.restartServer]: "Restart Server",
  [Commands.freeMemory]: "Free Memory",
  [Commands.dashboard]: "Open Dashboard",
  [Commands.explain]: "Explain Last Completion",
  [Commands.showLog]: "Show Log",
} as const;

/** Set while ghost text may still grow, so that Escape also ends the growing. */
export const GROWING_CONTEXT = "foretoken.growing";

/** Run by VS Code when a suggestion has been accepted; not for the palette. */
export const ACCEPTED_COMMAND = "foretoken.accepted";
