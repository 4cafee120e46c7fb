import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeTokens,
  FEATURE_COUNT,
  Feature,
  NO_CURSOR,
  Offers,
} from "../../../../server/draft/source.ts";
import { isNameByte, TokenKind, TokenTexts } from "../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../fakes/pieces.ts";

const pieces = ["self", ".", "_path", " result", "\n    ", "1", " =", "é", "()"];
const vocabulary = new PieceVocabulary(pieces);
const texts = new TokenTexts(vocabulary);
const token = (text: string) => vocabulary.token(text);

test("the kind of a token is that of its first character after blanks", () => {
  const kinds = pieces.map(piece => texts.kind(token(piece)));
  const { word, punctuation, lineBreak } = TokenKind;
  assert.deepEqual(kinds, [word, punctuation, word, word, lineBreak, word, punctuation, word, punctuation]);
  assert.equal(texts.kind(-1), TokenKind.control);
  assert.equal(texts.kind(1e6), TokenKind.control);
});

test("a token is within a name if the one before it ends in a name and no blank separates them", () => {
  const within = (before: string, after: string) => texts.isWithinName(token(before), token(after));
  assert.ok(within("self", "_path"));
  assert.ok(within(" result", "1"));
  assert.ok(within("é", "self"), "letters of other scripts are letters");
  assert.ok(!within("self", "."));
  assert.ok(!within("self", " result"), "a blank parts them");
  assert.ok(!within(".", "_path"), "a name begins");
  assert.ok(!within("\n    ", "self"));
  assert.ok(!texts.isWithinName(-1, token("_path")), "before it is no token");
  assert.ok(!texts.isWithinName(token("self"), 1e6));
});

test("offers are described by what they look like after the previous token", () => {
  const offers = new Offers();
  for (const text of ["_path", ".", "\n    ", " result"]) offers.add(token(text), NO_CURSOR);
  describeTokens(offers, token("self"), texts);
  const features = ["withinName", "punctuation", "lineBreak"] as const;
  const described = Array.from({ length: offers.count }, (_, at) =>
    features.filter(name => offers.features[at * FEATURE_COUNT + Feature[name]] === 1),
  );
  assert.deepEqual(described, [["withinName"], ["punctuation"], ["lineBreak"], []]);
});

test("each byte is a blank, a line break, part of a name or punctuation", () => {
  const { word, punctuation, lineBreak, control } = TokenKind;
  for (let byte = 0; byte < 256; byte++) {
    const isAscii = byte < 128;
    const letter = String.fromCharCode(byte);
    assert.equal(isNameByte(byte), isAscii && /\w/.test(letter), letter);
    const kind = /[ \t\n]/.test(letter) ? lineBreak : !isAscii || /\w/.test(letter) ? word : punctuation;
    assert.equal(texts.kind(byte), kind, `${byte}`);
    assert.equal(texts.isWithinName(byte, byte), kind === word);
  }
  assert.equal(texts.kind(vocabulary.end), control);
  assert.equal(texts.kind(vocabulary.size), control);
});
