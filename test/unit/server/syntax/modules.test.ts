import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pythonModule } from "../../../../server/syntax/modules.ts";

test("modules are found as in Python: relative, in packages, beside scripts and in src folders", () => {
  const files = new Set([
    "src/shop/__init__.py",
    "src/shop/cart.py",
    "src/shop/tax/__init__.py",
    "src/shop/tax/rates.py",
    "src/shop/json.py",
    "tools/run.py",
    "tools/helper.py",
    "stubs.pyi",
  ]);
  const found = (module: string, from: string) => pythonModule(module, from, path => files.has(path));
  assert.equal(found(".cart", "src/shop/tax.py"), "src/shop/cart.py");
  assert.equal(found("..cart", "src/shop/tax/rates.py"), "src/shop/cart.py");
  assert.equal(found(".", "src/shop/cart.py"), "src/shop/__init__.py");
  assert.equal(found("shop.tax", "src/shop/cart.py"), "src/shop/tax/__init__.py");
  assert.equal(found("shop.tax.rates", "tests/test_tax.py"), "src/shop/tax/rates.py");
  assert.equal(found("helper", "tools/run.py"), "tools/helper.py");
  assert.equal(found("stubs", "tools/run.py"), "stubs.pyi");
  assert.equal(found("json", "src/shop/cart.py"), undefined, "a package is not searched for other modules");
  assert.equal(found("....above", "src/shop/cart.py"), undefined, "beyond the workspace");
  assert.equal(found("os.path", "src/shop/cart.py"), undefined);
});

const root = mkdtempSync(join(tmpdir(), "foretoken-definitions-"));

after(() => rmSync(root, { recursive: true, force: true }));
