/** What the parts of a message must be, in a form that says what is wrong with a part. */
import { isRecord } from "../system/index.ts";

/** What is wrong with a value, as a sentence without its full stop; undefined if nothing is. @param name its place in the message */
export type Expectation = (value: unknown, name: string) => string | undefined;

const only =
  (is: (value: unknown) => boolean, words: string): Expectation =>
  (value, name) =>
    is(value) ? undefined : `${name} has to be ${words}`;

export const text = only(value => typeof value === "string", "a string");
export const truth = only(value => typeof value === "boolean", "true or false");
export const integer = only(Number.isSafeInteger, "an integer");
export const unsigned = only(
  value => Number.isSafeInteger(value) && Number(value) >= 0,
  "a whole number from 0",
);

/** An object with these fields; others may be anything. */
export const record =
  (fields: Readonly<Record<string, Expectation>>): Expectation =>
  (value, name) => {
    if (!isRecord(value)) return `${name} has to be an object`;
    return firstProblem(Object.entries(fields), ([key, expect]) => expect(value[key], `${name}.${key}`));
  };

export const list =
  (expect: Expectation): Expectation =>
  (value, name) =>
    Array.isArray(value)
      ? firstProblem(value, (each, at) => expect(each, `${name}[${at}]`))
      : `${name} has to be a list`;

/** A value that may be missing. */
export const optional =
  (expect: Expectation): Expectation =>
  (value, name) =>
    value === undefined ? undefined : expect(value, name);

/** A value that may be missing, which some clients write as null. */
export const nullable =
  (expect: Expectation): Expectation =>
  (value, name) =>
    value === null ? undefined : optional(expect)(value, name);

function firstProblem<Item>(
  items: readonly Item[],
  problemOf: (item: Item, at: number) => string | undefined,
): string | undefined {
  for (const [at, item] of items.entries()) {
    const problem = problemOf(item, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
