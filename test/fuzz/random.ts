/** Odd values of all kinds, from seeded numbers. */
import { below } from "../fakes/random.ts";
import type { Random } from "./target.ts";

export const pick = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)] as T;
export const times = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: below(random, most + 1) }, make);

const PIECES = [
  "\ud83d\ude42",
  "\ud83d",
  "\ude42",
  "\ufeff",
  "\u0000",
  "\u2028",
  "e\u0301",
  "\u202e",
  "\r\n",
  "\r",
  "\n",
  "\n\n\n",
  "\t",
  "    ",
  "def f(a, b):\n    return ",
  "x = [1, (2, {'a': \"b\"})]\n",
  'f"{a!r:>{b}}"',
  "`${",
  "'''",
  '"""',
  "/*",
  "*/",
  "#",
  "//",
  "```",
  "<|fim_middle|>",
  "))))",
  "[[[[",
  "&'a str",
  "import os\n",
];

/** Text with whatever has broken programs before. */
export function oddText(random: Random, most = 12): string {
  const parts = times(random, most, () => {
    if (random() < 0.05) return pick(random, PIECES).repeat(below(random, 400));
    if (random() < 0.3) return String.fromCharCode(...times(random, 8, () => below(random, 0x10000)));
    return pick(random, PIECES);
  });
  return parts.join("");
}

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2,
  127,
  128,
  255,
  256,
  1e3,
  65_535,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e308,
  0.5,
  -1.5,
];
export const oddNumber = (random: Random): number => pick(random, NUMBERS);

/** A value of JSON. */
export function oddValue(random: Random, depth = 3): unknown {
  const kinds = depth > 0 ? 8 : 6;
  switch (below(random, kinds)) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
    case 3:
      return oddNumber(random);
    case 4:
    case 5:
      return oddText(random, 3);
    case 6:
      return times(random, 4, () => oddValue(random, depth - 1));
    default:
      return Object.fromEntries(
        times(random, 4, () => [
          pick(random, ["__proto__", "constructor", "length", "a", oddText(random, 1)]),
          oddValue(random, depth - 1),
        ]),
      );
  }
}

const WORDS = [0n, 1n, 0x7fn, 0xffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 63n - 1n, 2n ** 64n - 1n];

/** Bytes that have been damaged at a few places. @param reach only the first so many are */
export function damaged(bytes: Uint8Array, random: Random, reach = bytes.length): Buffer {
  let result = Buffer.from(bytes);
  for (let count = 1 + below(random, 4); count > 0; count--) {
    if (result.length === 0) return result;
    const at = below(random, Math.min(reach, result.length));
    const length = 1 + below(random, 64);
    switch (below(random, 7)) {
      case 0:
        result.writeUInt8(result.readUInt8(at) ^ (1 << below(random, 8)), at);
        break;
      case 1:
        result.writeUInt8(pick(random, [0, 1, 0x7f, 0x80, 0xff]), at);
        break;
      case 2: {
        const word = Buffer.alloc(8);
        word.writeBigUInt64LE(pick(random, WORDS));
        word.copy(result, at, 0, pick(random, [4, 8]));
        break;
      }
      case 3:
        result = result.subarray(0, at);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 5:
        result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - length))]);
        break;
      default:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(times(random, 32, () => below(random, 256))),
          result.subarray(at),
        ]);
    }
  }
  return result;
}
