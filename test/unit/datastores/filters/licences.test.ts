import assert from "node:assert/strict";
import { test } from "node:test";
import { isPermissive } from "../../../../datastores/filters/licences.ts";

test("permissive licences are recognised in any case, and copyleft and unknown ones are not permissive", () => {
  const permissive =
    "MIT apache-2.0 BSD-3-Clause bsd-2-clause ISC Unlicense CC0-1.0 PSF-2.0 Python-2.0 Zlib BSL-1.0 0BSD";
  for (const licence of permissive.split(" ")) assert.ok(isPermissive([licence]), licence);
  const others =
    "GPL-3.0 GPL-2.0-or-later LGPL-2.1 AGPL-3.0 MPL-2.0 EPL-1.0 CC-BY-NC-4.0 CC-BY-SA-4.0 SSPL-1.0 BUSL-1.1";
  for (const licence of [...others.split(" "), "proprietary", "", "MIT-ish"])
    assert.ok(!isPermissive([licence]), licence);
});

test("a file with several licences is kept only if all are permissive, and no licence is not a permission", () => {
  assert.ok(isPermissive(["MIT", "Apache-2.0"]));
  assert.ok(!isPermissive(["MIT", "GPL-3.0"]));
  assert.ok(!isPermissive([]));
});

test("OR needs one permissive licence, AND needs all, and exceptions only extend the permission", () => {
  const cases: [string, boolean][] = [
    ["GPL-2.0-only OR MIT", true],
    ["(Apache-2.0 OR GPL-3.0)", true],
    ["MIT AND GPL-3.0", false],
    ["GPL-3.0 OR MIT AND ISC", true],
    ["GPL-3.0 OR MIT AND LGPL-2.1", false],
    ["Apache-2.0 WITH LLVM-exception", true],
    ["Apache-2.0+", true],
    ["GPL-2.0 WITH Classpath-exception-2.0", false],
    ["GPL-3.0 AND (ISC OR MIT OR Zlib)", false],
    ["(ISC OR MIT OR Zlib) AND GPL-3.0", false],
    ["MIT AND (GPL-3.0 OR (Apache-2.0 AND ISC))", true],
    ["MIT AND (GPL-3.0 OR (Apache-2.0 AND LGPL-2.1))", false],
    ["(GPL-3.0 AND ISC) OR (MIT)", true],
    ["(GPL-3.0 OR MIT OR ISC", false],
  ];
  for (const [expression, wanted] of cases) assert.equal(isPermissive([expression]), wanted, expression);
});

test("an expression of more than a thousand characters is not permissive, whatever it says", () => {
  const nested = (depth: number) => `${"(".repeat(depth)}MIT${")".repeat(depth)}`;
  assert.ok(isPermissive([nested(498)]));
  assert.ok(!isPermissive([nested(499)]));
  assert.ok(!isPermissive([nested(1_000_000)]));
});
