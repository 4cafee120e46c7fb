/** Creates elements from names, attributes and children. Text is inserted as text: nothing is parsed as HTML. */

type Attributes = Readonly<Record<string, string | number | undefined>>;
export type Child = Node | string | undefined;

const SVG = "http://www.w3.org/2000/svg";

function fill<T extends Element>(made: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, String(value));
  made.append(...children.filter(child => child !== undefined));
  return made;
}

export const html = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => fill(document.createElement(name), attributes, children);

export const svg = <K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] => fill(document.createElementNS(SVG, name), attributes, children);

/** A button that calls `press`. */
export function button(label: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = html("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", press);
  return made;
}

/** A table with row headers in its first column. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Child[])[],
): HTMLTableElement {
  const head = html("tr", {}, ...columns.map(column => html("th", { scope: "col" }, column)));
  const body = rows.map(([first, ...cells]) =>
    html("tr", {}, html("th", { scope: "row" }, first), ...cells.map(cell => html("td", {}, cell))),
  );
  return html("table", {}, html("caption", {}, caption), html("thead", {}, head), html("tbody", {}, ...body));
}

/** The content of a picture as a table, for users who cannot see it. */
export const asTable = (made: HTMLTableElement): HTMLDetailsElement =>
  html("details", {}, html("summary", {}, "As a table"), made);

export const section = (id: string, title: string, ...children: readonly Child[]): HTMLElement =>
  html("section", { "aria-labelledby": id }, html("h2", { id }, title), ...children);

/** A sentence in place of a picture without data. */
export const empty = (text: string): HTMLElement => html("p", { class: "empty" }, text);
