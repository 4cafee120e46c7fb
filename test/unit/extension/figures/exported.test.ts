import assert from "node:assert/strict";
import { test } from "node:test";
import { exported, NO_EVENTS } from "../../../../extension/figures/index.ts";
import type { DashboardFigures } from "../../../../server/protocol/index.ts";

const server: DashboardFigures = {
  completion: {
    id: 1,
    finishReason: "endOfText",
    steps: [{ nodes: [], next: "secret_name", ms: 10 }],
  },
  sources: [],
  stores: [{ name: "python", tokens: 10, created: "" }],
};

test("an export has the figures, but not the text of the last completion", () => {
  const content = exported(NO_EVENTS, server);
  assert.deepEqual(content, { ...NO_EVENTS, server: { sources: [], stores: server.stores } });
  assert.doesNotMatch(JSON.stringify(content), /secret_name/);
});

test("an export without a server has what is remembered", () => {
  assert.deepEqual(exported(NO_EVENTS, undefined), { ...NO_EVENTS, server: undefined });
});
