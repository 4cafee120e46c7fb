import assert from "node:assert/strict";
import { test } from "node:test";
import { RowGroups } from "../../../../server/draft/rowGroups.ts";
import { NO_CURSOR, ROOT_CURSOR } from "../../../../server/draft/source.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("each group keeps its rows while others are opened, up to 1,024 groups and 8,192 rows", () => {
  const random = seeded(10);
  const groups = new RowGroups();
  const full = new Set<string>();
  for (const largest of [4, 60, 700, 4]) {
    const rows = below(random, largest);
    groups.begin(rows);
    const expected = [{ depth: 0, members: [...new Array(rows).keys()] }];
    for (let step = 0; step < 1200; step++) {
      const [depth, most] = [below(random, 50), below(random, largest)];
      const used = expected.reduce((sum, { members }) => sum + members.length, 0);
      const group = groups.open(depth, most);
      if (expected.length === 1024 || used + most > 8192) {
        assert.equal(group, NO_CURSOR);
        full.add(expected.length === 1024 ? "groups" : "rows");
        continue;
      }
      assert.equal(group, expected.length);
      const members = Array.from({ length: below(random, most + 1) }, () => below(random, 1000));
      const start = groups.start[group] as number;
      for (const [i, row] of members.entries()) groups.members[start + i] = row;
      groups.end[group] = start + members.length;
      expected.push({ depth, members });
    }
    assert.equal(groups.count, expected.length);
    for (const [group, { depth, members }] of expected.entries()) {
      assert.equal(groups.depth[group], depth);
      assert.deepEqual([...groups.members.subarray(groups.start[group], groups.end[group])], members);
    }
    assert.equal(groups.end[ROOT_CURSOR], rows);
  }
  assert.deepEqual([...full].sort(), ["groups", "rows"]);
});
