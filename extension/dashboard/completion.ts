/** Draws the last completion: the tree of each decode, and the branch that the model took. */
import {
  type DrawnCompletion,
  type DrawnNode,
  type DrawnStep,
  finishText,
} from "../../server/protocol/index.ts";
import { counted, duration, layOut, visible } from "../figures/index.ts";
import { asTable, button, empty, html, section, svg, table } from "./dom.ts";

const CELL = { width: 132, height: 46 } as const;
const NODE = { width: 108, height: 36 } as const;
const MARGIN = 8;
/** Most characters of a token that fit into its node. */
const MOST_CHARACTERS = 12;

/** The shown step and its completion: kept while the figures around it change. */
interface Position {
  id: number;
  step: number;
}

const position: Position = { id: 0, step: 0 };

export function completionSection(completion: DrawnCompletion | undefined): HTMLElement {
  const title = "The last completion";
  if (!completion || completion.steps.length === 0)
    return section(
      "completion",
      title,
      empty(
        "There is no completion to draw: none has been computed since the model was loaded, or its memory was freed.",
      ),
    );
  if (position.id !== completion.id) Object.assign(position, { id: completion.id, step: 0 });
  const stage = html("div", {
    class: "stage",
    tabindex: 0,
    role: "group",
    "aria-label": "Decodes of the last completion. The left and right arrow keys move between decodes.",
  });
  const announced = html("p", { class: "step", role: "status" });
  const text = html("pre", { class: "text", "aria-label": "Text of the completion" });
  const go = (step: number) => {
    position.step = Math.min(Math.max(step, 0), completion.steps.length - 1);
    const shown = completion.steps[position.step];
    if (!shown) return;
    announced.textContent = stepText(shown, position.step, completion.steps.length);
    text.replaceChildren(...textSoFar(completion.steps, position.step));
    stage.replaceChildren(treePicture(shown));
    nodes.replaceChildren(html("summary", {}, "As a table"), nodeTable(shown));
  };
  const nodes = asTable(table("", [], []));
  stage.addEventListener("keydown", event => {
    const target = new Map([
      ["ArrowLeft", position.step - 1],
      ["ArrowRight", position.step + 1],
      ["Home", 0],
      ["End", Infinity],
    ]).get(event.key);
    if (target === undefined) return;
    // These keys would also scroll the page.
    event.preventDefault();
    go(target);
  });
  go(position.step);
  return section(
    "completion",
    title,
    html(
      "p",
      {},
      `${counted(completion.steps.length, "decode")}; it ended because ${finishText(completion.finishReason)}. The model followed the thick line; the token it then chose itself begins the next tree.`,
    ),
    html(
      "p",
      { class: "buttons" },
      button("◀ Previous", () => go(position.step - 1), { "aria-label": "Previous decode" }),
      button("Next ▶", () => go(position.step + 1), { "aria-label": "Next decode" }),
    ),
    announced,
    text,
    stage,
    nodes,
  );
}

function stepText({ nodes, next, ms }: DrawnStep, index: number, count: number): string {
  const drafted = nodes.length - 1;
  const accepted = nodes.filter(node => node.accepted).length - 1;
  const drafts = drafted === 0 ? "nothing was drafted" : `${accepted} of ${drafted} drafted tokens accepted`;
  return `Decode ${index + 1} of ${count}: ${drafts}, then the model chose "${visible(next)}"; ${duration(ms)}.`;
}

/** The tokens that a step produced: those accepted after the root, then the model's own. */
const decided = ({ nodes, next }: DrawnStep) =>
  nodes
    .slice(1)
    .filter(({ accepted }) => accepted)
    .map(({ text }) => text)
    .join("") + next;

/** The text up to a step, with the step's own part marked and later text faint. */
function textSoFar(steps: readonly DrawnStep[], index: number): Node[] {
  const text = (from: number, to: number) => steps.slice(from, to).map(decided).join("");
  return [
    html("span", {}, text(0, index)),
    html("mark", {}, text(index, index + 1)),
    html("span", { class: "later" }, text(index + 1, steps.length)),
  ];
}

const likely = ({ probability }: DrawnNode) =>
  probability === undefined ? "" : `${Math.round(100 * probability)}%`;

/** The text of a node. At the start of a text, the root is a control token of the prompt. */
const tokenWords = ({ text, parent }: DrawnNode) => (text === "" && parent < 0 ? "(prompt)" : visible(text));

function nodeWords(node: DrawnNode): string {
  const whence = node.source ? `from ${node.source}, ${likely(node)} likely` : "decided before";
  return `"${tokenWords(node)}", ${whence}, ${node.accepted ? "accepted" : "not accepted"}`;
}

function treePicture({ nodes }: DrawnStep): SVGSVGElement {
  const { places, columns, rows } = layOut(nodes);
  const at = (node: number) => {
    const { column = 0, row = 0 } = places[node] ?? {};
    return { x: MARGIN + column * CELL.width, y: MARGIN + row * CELL.height };
  };
  const edges = nodes.flatMap(({ parent, accepted }, node) => {
    if (parent < 0) return [];
    const [from, to] = [at(parent), at(node)];
    const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
    const [x2, y2] = [to.x, to.y + NODE.height / 2];
    const bend = x2 - (CELL.width - NODE.width) / 2;
    const d = `M${x1},${y1} H${bend} V${y2} H${x2}`;
    return [svg("path", { class: accepted ? "edge accepted" : "edge", d })];
  });
  const boxes = nodes.map((node, index) => nodeBox(node, at(index)));
  const width = 2 * MARGIN + (columns - 1) * CELL.width + NODE.width;
  const height = 2 * MARGIN + (rows - 1) * CELL.height + NODE.height;
  const label = `Tree of ${counted(nodes.length, "node")}: ${nodes.map(nodeWords).join("; ")}.`;
  return svg("svg", { role: "img", "aria-label": label, class: "tree", width, height }, ...edges, ...boxes);
}

function nodeBox(node: DrawnNode, { x, y }: { x: number; y: number }): SVGGElement {
  const words = tokenWords(node);
  const short = words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS - 1)}…` : words;
  const below = node.source ? `${node.source} ${likely(node)}` : "decided";
  const middle = x + NODE.width / 2;
  return svg(
    "g",
    { class: node.accepted ? "node accepted" : "node" },
    svg("title", {}, nodeWords(node)),
    svg("rect", { x, y, width: NODE.width, height: NODE.height, rx: 4 }),
    svg("text", { class: "token", x: middle, y: y + 15, "text-anchor": "middle" }, short),
    svg("text", { class: "origin", x: middle, y: y + 29, "text-anchor": "middle" }, below),
  );
}

const nodeTable = ({ nodes }: DrawnStep) =>
  table(
    "Nodes of the tree",
    ["Token", "After", "Source", "Likely", "Accepted"],
    nodes.map(node => [
      tokenWords(node),
      ...[nodes[node.parent]].map(parent => (parent ? tokenWords(parent) : "")),
      node.source ?? "",
      likely(node),
      node.accepted ? "yes" : "no",
    ]),
  );
