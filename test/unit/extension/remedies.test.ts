import assert from "node:assert/strict";
import { test } from "node:test";
import { remedyActions } from "../../../extension/remedies.ts";

const actions = (remedy: string) => remedyActions(remedy).map(({ label }) => label);

test("a remedy's commands and settings become actions, in their order", () => {
  assert.deepEqual(
    actions("Start it again: Foretoken: Restart Server. The log says more: Foretoken: Show Log."),
    ["Restart Server", "Show Log"],
  );
  assert.deepEqual(
    actions('Set "foretoken.backend" to "auto", or install the Foretoken package made for this.'),
    ["Open the Setting foretoken.backend"],
  );
});

test("choosing another model is one click away where the remedy asks for it", () => {
  const [setting, model] = remedyActions('Lower "foretoken.contextTokens" or choose a smaller model.');
  assert.deepEqual(setting?.args, ["foretoken.contextTokens"]);
  assert.equal(model?.command, "foretoken.chooseModel");
  assert.deepEqual(actions("Choose another model with Foretoken: Choose Model."), ["Choose Model"]);
  assert.deepEqual(
    actions('Lower "foretoken.contextTokens", or choose another model with Foretoken: Choose Model.'),
    ["Open the Setting foretoken.contextTokens", "Choose Model"],
    "offered once",
  );
});

test("actions come in the remedy's order, whatever their kinds", () => {
  assert.deepEqual(
    actions('Choose a smaller model, set "foretoken.threads", or start again: Foretoken: Restart Server.'),
    ["Choose Model", "Open the Setting foretoken.threads", "Restart Server"],
  );
  assert.deepEqual(actions("Try again. The model is damaged."), [], "a sentence of its own");
});

test("a remedy that names no known command or setting has no actions", () => {
  assert.deepEqual(actions("Close other programs. Foretoken: Make Coffee"), []);
});
