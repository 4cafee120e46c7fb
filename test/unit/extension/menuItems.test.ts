import assert from "node:assert/strict";
import { test } from "node:test";
import { Commands } from "../../../extension/commands.ts";
import { menuItems, snoozeItems } from "../../../extension/menuItems.ts";
import type { StatusView } from "../../../extension/statusText.ts";

const ready: StatusView = {
  status: { state: "ready", model: { name: "m", backend: "cpu", threads: 2 } },
  languageId: "go",
};
const labels = (view: StatusView) =>
  menuItems(view, "foretoken.foretoken").flatMap(item =>
    "label" in item ? item.label.replace(/^\$\(.*?\) /, "") : [],
  );

test("the menu lists the available actions, with turning off first", () => {
  assert.deepEqual(labels(ready), [
    "Turn Off",
    "Turn Off for go",
    "Snooze for 5 minutes",
    "Snooze for 15 minutes",
    "Snooze for 60 minutes",
    "Choose Model",
    "Rebuild Datastore",
    "Free Memory",
    "Restart Server",
    "Open Dashboard",
    "Explain Last Completion",
    "Show Log",
    "Settings",
  ]);
});

test("an item turns on what is off, and offers no further way to turn it off", () => {
  assert.deepEqual(labels({ ...ready, status: { state: "off" } }).slice(0, 2), [
    "Turn On",
    "Snooze for 5 minutes",
  ]);
  assert.deepEqual(labels({ ...ready, languageOff: "go" }).slice(0, 2), ["Turn Off", "Turn On for go"]);
  assert.deepEqual(labels({ status: { state: "ready" } }).slice(0, 2), ["Turn Off", "Snooze for 5 minutes"]);
});

test("memory can be freed only while a model is loaded", () => {
  const { model } = ready.status;
  const offers = (status: StatusView["status"]) => labels({ status }).includes("Free Memory");
  assert.deepEqual(
    [offers({ state: "off", model }), offers({ state: "asleep", model }), offers({ state: "starting" })],
    [true, false, false],
  );
});

test("items carry what their commands need", () => {
  const argsOf = (command: string) =>
    menuItems(ready, "foretoken.foretoken").flatMap(item =>
      "command" in item && item.command === command ? [item.args] : [],
    );
  assert.deepEqual(argsOf(Commands.toggleLanguage), [["go"]]);
  assert.deepEqual(argsOf("workbench.action.openSettings"), [["@ext:foretoken.foretoken"]]);
});

test("an active snooze can be ended before another is started", () => {
  const [end, first] = snoozeItems(12);
  assert.ok(end && "label" in end && first && "label" in first);
  assert.deepEqual([end.command, end.args, end.description], [Commands.snooze, [0], "12 minutes left"]);
  assert.deepEqual(first.args, [5]);
});

test("a menu without an error begins with the suggestions", () => {
  assert.deepEqual(menuItems(ready, "foretoken.foretoken")[0], { heading: "Suggestions" });
});

test("an error comes first with its remedy, and each action is one click away", () => {
  const view: StatusView = {
    status: { state: "error", message: "Memory ran out.", remedy: 'Lower "foretoken.contextTokens".' },
  };
  const [heading, first] = menuItems(view, "foretoken.foretoken");
  assert.deepEqual(heading, { heading: "Memory ran out." });
  assert.ok(first && "label" in first);
  assert.deepEqual(
    [first.command, first.args],
    ["workbench.action.openSettings", ["foretoken.contextTokens"]],
  );
  assert.ok(labels(view).includes("Show Log"));
});

test("the explain item says why nothing is shown, and the model item names the model", () => {
  const items = menuItems({ ...ready, snoozedMinutes: 2 }, "foretoken.foretoken");
  const of = (command: string) => items.find(item => "command" in item && item.command === command);
  assert.deepEqual(
    [Commands.explain, Commands.chooseModel].map(command => {
      const item = of(command);
      return item && "description" in item ? item.description : undefined;
    }),
    ["Completions are snoozed for 2 minutes.", "m"],
  );
});
