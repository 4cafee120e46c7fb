/** Code within markup: scripts and style sheets, which have a language of their own. */
import { own } from "./fileLanguages.ts";

/** The text of one language around a cursor. */
interface Region {
  readonly languageId: string;
  readonly from: number;
  readonly to: number;
}

interface Place {
  readonly text: string;
  /** Of the cursor, in UTF-16 units. */
  readonly offset: number;
  /** Of the document. */
  readonly languageId: string;
}

/** Languages whose documents contain scripts and style sheets as elements. */
const HOSTS = /^(html|django-html|jinja-html|handlebars|vue|vue-html|svelte)$/;
const ELEMENTS = ["script", "style"] as const;
type Element = (typeof ELEMENTS)[number];

/** The beginning of an element, its attributes in a group; one that the cursor stands in is shorter. */
const TAG = /^<\w+((?:\s(?:"[^"]*"|'[^']*'|[^'">])*)?)>/;
const LONGEST_TAG = 1_000;
const ATTRIBUTE = /\s(?:lang|type)\s*=\s*["']?([\w./+-]+)/;
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "typescript",
  tsx: "typescriptreact",
  jsx: "javascriptreact",
  js: "javascript",
  module: "javascript",
  "text/javascript": "javascript",
  "application/javascript": "javascript",
  "text/typescript": "typescript",
  importmap: "json",
  "application/json": "json",
  "application/ld+json": "json",
  "text/css": "css",
};
const DEFAULTS: Readonly<Record<Element, string>> = { script: "javascript", style: "css" };

/** The contents of scripts and style sheets; the first may have begun out of sight, and the last may end there. */
const CONTENTS = /(<(script|style)\b[^>]*>).*?(?=<\/\2|$)/gs;
const CONTENT_BEGUN = /^(?:(?!<(?:script|style)\b).)*?(?=<\/(?:script|style)\b)/s;

/** The script or style sheet that an offset lies in, or else the whole document. */
export function regionAt({ text, offset, languageId }: Place): Region {
  const whole = { languageId, from: 0, to: text.length };
  if (!HOSTS.test(languageId) || offset === 0) return whole;
  const [element, at] = ELEMENTS.map(each => [each, text.lastIndexOf(`<${each}`, offset - 1)] as const).sort(
    (a, b) => b[1] - a[1],
  )[0] ?? ["script", -1];
  const tag = at < 0 ? null : TAG.exec(text.slice(at, Math.min(offset, at + LONGEST_TAG)));
  if (!tag) return whole;
  const from = at + tag[0].length;
  const end = text.indexOf(`</${element}`, from);
  const type = ATTRIBUTE.exec(tag[1] ?? "")?.[1];
  const isMarkup = type !== undefined && /html|template/.test(type);
  if ((end >= 0 && end < offset) || isMarkup) return whole;
  const language = type === undefined ? DEFAULTS[element] : (own(LANGUAGES, type) ?? type);
  return { languageId: language, from, to: end < 0 ? text.length : end };
}

/** Text of a language without the scripts and style sheets in it. */
export const withoutEmbedded = (text: string, languageId: string) =>
  HOSTS.test(languageId) ? text.replace(CONTENT_BEGUN, "").replace(CONTENTS, "$1") : text;
