import assert from "node:assert/strict";
import { test } from "node:test";
import { CostModel, SIZES } from "../../../../server/engine/costModel.ts";

const measured = (curve: (size: number) => number, contextTokens = 500) => {
  const model = new CostModel();
  for (const size of SIZES) model.set(size, contextTokens, curve(size));
  return model;
};

test("measured sizes are reported as measured, sizes between them by a line", () => {
  const model = measured(size => 2 + size);
  for (const size of SIZES) assert.equal(model.time(size, 500), 2 + size);
  assert.equal(model.time(5, 500), 7);
  assert.equal(model.time(40, 500), 42);
});

test("a step in the curve is kept", () => {
  const model = measured(size => (size === 12 ? 9 : size === 16 ? 8 : size));
  assert.ok(model.time(16, 500) < model.time(12, 500));
});

test("before any measurement a curve is assumed that rises with the size", () => {
  const model = new CostModel();
  assert.equal(model.time(1, 0), 1);
  for (let rows = 2; rows <= 63; rows++) assert.ok(model.time(rows, 0) > model.time(rows - 1, 0));
});

test("another context length is judged by the nearest that is known", () => {
  const model = measured(size => 10 * size, 500);
  assert.equal(model.time(4, 3000), 40);
  model.set(4, 3000, 60);
  assert.equal(model.time(4, 3000), 60);
  assert.equal(model.time(4, 500), 40);
});

test("decodes move the table, outliers do not", () => {
  const model = measured(() => 10);
  for (let i = 0; i < 100; i++) model.observe(8, 500, 20);
  assert.ok(Math.abs(model.time(8, 500) - 20) < 0.5);
  const before = model.time(4, 500);
  for (let i = 0; i < 100; i++) model.observe(4, 500, 900);
  assert.equal(model.time(4, 500), before);
});

test("a decode larger than the table says nothing of those in it", () => {
  const model = measured(size => size);
  for (let i = 0; i < 100; i++) model.observe(90, 500, 900);
  assert.equal(model.time(63, 500), 63);
  assert.equal(model.time(126, 500), 126);
});

test("what is saved is read again", () => {
  const model = measured(size => size / 3);
  const again = new CostModel(JSON.parse(JSON.stringify(model.save())));
  for (let rows = 1; rows <= 63; rows++)
    assert.ok(Math.abs(again.time(rows, 500) - model.time(rows, 500)) < 0.01);
});
