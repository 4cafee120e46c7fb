import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DashboardRequest,
  type EndedRequest,
  ReindexWorkspaceRequest,
  RequestEndedNotification,
} from "../../server/protocol/dashboard.ts";
import { FreeMemoryRequest, type InitializationOptions } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.py";
/** The model's text occurs above already, so that it is drafted. */
const TEXT = "first = compute(alpha, beta)\nsecond = compute(alpha, beta)\nthird = ";
const AT_END = { line: 2, character: 8 };

async function opened(options: InitializationOptions = {}) {
  const engine = new FakeEngine(saying("compute(alpha, beta)\n"));
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, options);
  const ended: EndedRequest[] = [];
  client.connection.onNotification(RequestEndedNotification, request => void ended.push(request));
  client.open(URI, TEXT);
  return { client, ended, dashboard: () => client.connection.sendRequest(DashboardRequest) };
}

test("the trees of the last completion contain its text along the accepted path, with sources", async () => {
  const { client, dashboard } = await opened();
  await client.complete(URI, AT_END).items;
  const { completion, machine, sources } = await dashboard();
  assert.ok(completion && machine);
  let text = "";
  for (const { nodes, next } of completion.steps) {
    for (const [node, { parent, accepted }] of nodes.entries()) {
      assert.ok(parent < node);
      if (accepted && parent >= 0) assert.ok(nodes[parent]?.accepted, "the path is unbroken");
    }
    text += nodes
      .slice(1)
      .filter(({ accepted }) => accepted)
      .map(node => node.text)
      .join("");
    text += next;
  }
  assert.ok(text.startsWith("compute(alpha, beta)\n"), text);
  const drafted = completion.steps.flatMap(({ nodes }) => nodes.slice(1));
  assert.ok(drafted.length > 0);
  for (const { source, probability } of drafted) {
    assert.ok(source && sources.some(({ name }) => name === source));
    assert.ok(probability !== undefined && probability > 0 && probability <= 1);
  }
  const decodes = machine.treeSizes.reduce((sum, count) => sum + count, 0);
  assert.equal(decodes, completion.steps.length);
  assert.equal(machine.costs.length, 63);
  await client.close();
});

test("a finished request is reported, with its token and without text, to a client that wants reports", async () => {
  const { client, ended } = await opened({ reportsRequests: true });
  await client.complete(URI, AT_END).items;
  assert.equal(ended.length, 1, "before the answer");
  const [request] = ended;
  assert.equal(request?.token, 1);
  assert.deepEqual(request?.outcome, { kind: "shown" });
  const { computed } = request ?? {};
  const sum = (key: "proposed" | "accepted") =>
    computed?.sources.reduce((total, source) => total + source[key], 0);
  assert.deepEqual([sum("proposed"), sum("accepted")], [computed?.drafted, computed?.accepted]);
  assert.doesNotMatch(JSON.stringify(ended), /alpha|sample/);
  await client.close();

  const other = await opened();
  await other.client.complete(URI, AT_END).items;
  await other.dashboard();
  assert.deepEqual(other.ended, []);
  await other.client.close();
});

test("the dashboard shows nothing of a freed model, and nothing is indexed without a workspace folder", async () => {
  const { client, dashboard } = await opened();
  await client.complete(URI, AT_END).items;
  await client.connection.sendRequest(FreeMemoryRequest);
  const { completion, machine, workspace, stores } = await dashboard();
  assert.deepEqual([completion, machine, workspace, stores], [undefined, undefined, undefined, []]);
  assert.equal(await client.connection.sendRequest(ReindexWorkspaceRequest), false);
  await client.close();
});
