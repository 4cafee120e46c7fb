import assert from "node:assert/strict";
import { test } from "node:test";
import { CostModel, SIZES } from "../../../../server/engine/costModel.ts";

const measured = (curve: (size: number) => number, contextTokens = 500) => {
  const model = new CostModel();
  for (const size of SIZES) model.set(size, contextTokens, curve(size));
  return model;
};

test("measured sizes are reported as measured, and sizes between them are interpolated linearly", () => {
  const model = measured(size => 2 + size);
  for (const size of SIZES) assert.equal(model.time(size, 500), 2 + size);
  assert.equal(model.time(5, 500), 7);
  assert.equal(model.time(40, 500), 42);
});

test("a step in the curve is kept, and no size costs more than a larger one", () => {
  const model = measured(size => (size === 3 ? 51 : size >= 12 ? 20 + size : size));
  assert.equal(model.time(12, 500), 32);
  assert.equal(model.time(8, 500), 8);
  assert.equal(model.time(3, 500), 4, "an accident would keep trees of three nodes from ever being drafted");
  for (let i = 0; i < 30; i++) model.observe(3, 500, 3);
  assert.ok(Math.abs(model.time(3, 500) - 3.5) < 0.6, "and decodes of this size correct it");
});

test("the first decode of a size is weighed against the estimate from other sizes", () => {
  const model = measured(size => 10 * size, 300);
  model.observe(1, 2000, 20);
  model.observe(3, 2000, 110);
  assert.equal(model.time(3, 2000), 85);
  model.observe(3, 2000, 60);
  model.observe(3, 2000, 60);
  assert.ok(Math.abs(model.time(3, 2000) - 70) < 3, "later ones count for less and less");
  model.observe(2, 2000, 9000);
  assert.equal(model.time(2, 2000), model.time(3, 2000), "not for more than an accident may be worth");
});

test("a curve that rises with the size is assumed before any measurement", () => {
  const model = new CostModel();
  assert.equal(model.time(1, 0), 1);
  for (let rows = 2; rows <= 63; rows++) assert.ok(model.time(rows, 0) > model.time(rows - 1, 0));
});

test("an unknown context length is estimated from the nearest known one", () => {
  const model = measured(size => 10 * size, 500);
  assert.equal(model.time(4, 3000), 40);
  model.set(4, 3000, 60);
  assert.equal(model.time(4, 3000), 60);
  assert.equal(model.time(4, 500), 40);
});

test("a few decodes at a context length scale all that is known at another", () => {
  const model = measured(size => 10 + 5 * size, 300);
  for (let i = 0; i < 3; i++) model.observe(1, 2000, 30);
  assert.equal(model.time(1, 2000), 30);
  assert.equal(model.time(8, 2000), 100, "as many times a single row as after the other length");
  assert.equal(model.time(8, 300), 50);
  model.observe(8, 2000, 120);
  model.observe(8, 2000, 120);
  assert.ok(model.time(8, 2000) > 100 && model.time(6, 2000) > 80);
  assert.equal(model.time(1, 2000), 30);
  assert.ok(model.time(8, 9000) > 100, "an unknown length is taken for the nearest");
});

test("sizes that were too slow to be measured are extrapolated", () => {
  const model = new CostModel();
  for (const size of [1, 2, 3, 4] as const) model.set(size, 300, 40 * size);
  assert.ok(model.time(63, 300) > 8 * 40);
  assert.ok(model.time(6, 300) > model.time(4, 300));
});

test("decodes adjust the table, and outliers do not", () => {
  const model = measured(size => 2 * size);
  for (let i = 0; i < 100; i++) model.observe(8, 500, 20);
  assert.ok(Math.abs(model.time(8, 500) - 20) < 0.5);
  const before = model.time(4, 500);
  for (let i = 0; i < 100; i++) model.observe(4, 500, 900);
  assert.equal(model.time(4, 500), before);
});

test("a decode of a size between those of the table adjusts the nearer one by what that would have taken", () => {
  const model = measured(size => 10 * size);
  for (let i = 0; i < 100; i++) model.observe(5, 500, 50);
  assert.deepEqual([model.time(4, 500), model.time(5, 500), model.time(6, 500)], [40, 50, 60]);
  model.observe(7, 500, 56);
  assert.ok(model.time(6, 500) < 60 && model.time(6, 500) > 56);
  assert.deepEqual([model.time(4, 500), model.time(8, 500)], [40, 80]);
});

test("a decode larger than the table does not change the sizes in it", () => {
  const model = measured(size => size);
  for (let i = 0; i < 100; i++) model.observe(90, 500, 180);
  assert.equal(model.time(63, 500), 63);
  assert.equal(model.time(126, 500), 126);
});

test("saved times are read back", () => {
  const model = measured(size => size / 3);
  const again = new CostModel(JSON.parse(JSON.stringify(model.save())));
  for (let rows = 1; rows <= 63; rows++)
    assert.ok(Math.abs(again.time(rows, 500) - model.time(rows, 500)) < 0.01);
});

test("the slowdown of single rows after a tree is kept apart from the cost of a row", () => {
  const { ms } = measured(size => 10 * size).save();
  const model = new CostModel({ ms, slowdown: [0.5, 0.25, 0] });
  assert.equal(model.slowdownMs(0, 500), 7.5);
  assert.equal(model.slowdownMs(1, 500), 2.5);
  assert.equal(model.slowdownMs(9, 500), 0);
  for (let i = 0; i < 100; i++)
    for (const [single, ms] of [15, 12.5, 10].entries()) model.observe(1, 500, ms, single);
  assert.ok(Math.abs(model.time(1, 500) - 10) < 1e-9);
  for (let i = 0; i < 100; i++) model.observe(1, 500, 20);
  assert.ok(Math.abs(model.slowdownMs(0, 500) - 15) < 0.1, "it grows with what a row costs");
  assert.deepEqual(new CostModel(model.save()).slowdown, [0.5, 0.25, 0]);
});
