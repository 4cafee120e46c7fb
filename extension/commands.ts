/** Command ids. `package.json` gives them their titles; a test holds the two together. */
export const Commands = {
  toggle: "foretoken.toggle",
  trigger: "foretoken.trigger",
  chooseModel: "foretoken.chooseModel",
  rebuildDatastore: "foretoken.rebuildDatastore",
  restartServer: "foretoken.restartServer",
  freeMemory: "foretoken.freeMemory",
  explain: "foretoken.explain",
  showLog: "foretoken.showLog",
  dismiss: "foretoken.dismiss",
} as const;

/** Set while ghost text may still grow, so that Escape also ends the growing. */
export const GROWING_CONTEXT = "foretoken.growing";

/** Run by VS Code when a suggestion has been accepted; not for the palette. */
export const ACCEPTED_COMMAND = "foretoken.accepted";
