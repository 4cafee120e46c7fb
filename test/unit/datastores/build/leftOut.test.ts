import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOutText } from "../../../../datastores/build/leftOut.ts";
import type { DropReason } from "../../../../datastores/filters/pipeline.ts";
import type { SkipReason } from "../../../../datastores/sources/reading.ts";

/** Every reason of the filters and readers: a missing one does not compile. */
const REASONS: Readonly<Record<DropReason | SkipReason, true>> = {
  badLine: true,
  badPage: true,
  broken: true,
  data: true,
  denied: true,
  empty: true,
  exactDuplicate: true,
  generated: true,
  licence: true,
  minified: true,
  nearDuplicate: true,
  noContent: true,
  notPermissive: true,
  notRegular: true,
  notUtf8: true,
  otherLanguage: true,
  outside: true,
  python2: true,
  secret: true,
  tooLarge: true,
  unknownLicence: true,
  unreadable: true,
  vendored: true,
};
/** Reasons whose names are words already. */
const WORDS = ["generated", "minified", "unreadable"];

test("what a build has left out is told in words", () => {
  assert.equal(leftOutText({ empty: 3, exactDuplicate: 1 }), "3 almost empty, 1 equal to another");
  assert.equal(leftOutText({}), "");
  for (const reason of Object.keys(REASONS))
    if (!WORDS.includes(reason)) assert.notEqual(leftOutText({ [reason]: 2 }), `2 ${reason}`);
});

test("a reason of a later version is named as it is", () => {
  assert.equal(leftOutText({ constructor: 2, tooBlue: 1 }), "2 constructor, 1 tooBlue");
});
