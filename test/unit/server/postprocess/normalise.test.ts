import { test } from "node:test";
import { assertShown } from "../../../fakes/growing.ts";

test("several blanks after a blank align the text, a single one is not repeated", () => {
  assertShown([
    ["terraform", "a {\n  key      = a\n  value   ¦\n}\n", " = b\n}\n", "= b"],
    ["terraform", "a {\n  key           = a\n  value   ¦\n}\n", "      = b\n}\n", "      = b"],
    ["clojure", "{:a       1\n :body   ¦\n", "  nil}\n", "  nil}"],
    ["python", "a = ¦\n", " 2\n", "2"],
    ["python", "a =¦\n", " 2\n", " 2"],
  ]);
});
