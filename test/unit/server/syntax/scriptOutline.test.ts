import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptDefinitions } from "../../../../server/syntax/scriptOutline.ts";
import { read } from "./read.ts";

const outlines = (text: string, languageId = "typescript") =>
  read(text, languageId, scriptDefinitions).map(({ name, outline }) => [name, outline]);

test("functions and constants are shown by their signature, with the first sentence of their comment", () => {
  const text = [
    "/**",
    " * The sum of a basket.",
    " * @param basket not empty",
    " */",
    "export function total(",
    "  basket: Basket, // all of it",
    "  discount = 0,",
    "): number {",
    "  return basket.sum * (1 - discount);",
    "}",
    "export const later = async (task: Task): Promise<void> => {",
    "  await task();",
    "};",
    "export const LIMIT = 3, TABLE: Record<string, number> = {",
    "  a: 1,",
    "};",
    "const { hidden } = total;",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    ["total", "/** The sum of a basket. */\nexport function total(basket: Basket, discount = 0): number;"],
    ["later", "export const later = async (task: Task): Promise<void> => ...;"],
    ["LIMIT", "export const LIMIT = 3;"],
    ["TABLE", "export const TABLE: Record<string, number> = ...;"],
  ]);
});

test("a class is shown by its public members, and a type as it is written", () => {
  const text = [
    "export abstract class Basket<T> extends Base implements Sized {",
    "  readonly owner: string;",
    "  private secret = 1;",
    "  #hidden = 2;",
    "  table = new Map([",
    "    [1, 2],",
    "  ]);",
    "  constructor(readonly items: T[]) {",
    "    super();",
    "  }",
    "  get size(): number { return this.items.length; }",
    "  abstract add(item: T): void;",
    "  protected grow() {}",
    "}",
    "export interface Sized {",
    "  readonly size: number;",
    "}",
    'export type Kind = "a" | "b";',
    "enum Level { Low, High }",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    [
      "Basket",
      [
        "export abstract class Basket<T> extends Base implements Sized {",
        "  readonly owner: string;",
        "  table;",
        "  constructor(readonly items: T[]);",
        "  get size(): number;",
        "  abstract add(item: T): void;",
        "}",
      ].join("\n"),
    ],
    ["Sized", "export interface Sized {\n  readonly size: number;\n}"],
    ["Kind", 'export type Kind = "a" | "b";'],
    ["Level", "enum Level { Low, High }"],
  ]);
});

test("a member is hidden wherever its modifier stands, and so is one whose name is private", () => {
  const body = [
    "  static #count = 1;",
    "  @Input() private secret = 1;",
    "  declare protected kind: number;",
    "  async #load() {}",
    "  get #size() { return 1; }",
    "  privateRoute = 2;",
    "  public constructor(private readonly items: T[]) {}",
  ];
  assert.deepEqual(outlines(["class A {", ...body, "}"].join("\n")), [
    ["A", "class A {\n  privateRoute = 2;\n  public constructor(private readonly items: T[]);\n}"],
  ]);
});

test("what a file of declarations declares is shown", () => {
  const text = [
    "/** The sum. */",
    "export declare function total(basket: Basket): number;",
    "declare const LIMIT: number, NAME: string;",
    "export declare abstract class Basket {\n  private secret;\n  add(item: Item): void;\n}",
    "declare enum Level { Low }",
    "export default function main(): void;",
    'declare module "other" {}',
    "declare global {}",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    ["total", "/** The sum. */\nexport declare function total(basket: Basket): number;"],
    ["LIMIT", "declare const LIMIT: number;"],
    ["NAME", "declare const NAME: string;"],
    ["Basket", "export declare abstract class Basket {\n  add(item: Item): void;\n}"],
    ["Level", "declare enum Level { Low }"],
    ["default", "export default function main(): void;"],
  ]);
});

test("the default export of a file is recognised, however it is written", () => {
  assert.deepEqual(outlines("export default function main(a) { return a; }", "javascript"), [
    ["default", "export default function main(a);"],
  ]);
  assert.deepEqual(outlines("class Main { run() {} }\nexport default Main;\n", "javascript"), [
    ["Main", "class Main {\n  run();\n}"],
    ["default", "class Main {\n  run();\n}"],
  ]);
});

test("text like a comment within a string stays, and a comment at the end of a line is removed", () => {
  const text = 'export function f(u = "see // x", // a comment\n  b /* of two */: number): string {}\n';
  assert.deepEqual(outlines(text), [
    ["f", 'export function f(u = "see // x", b /* of two */: number): string;'],
  ]);
});
