/** Costs of decodes on this machine, and the sizes of the chosen trees. */
import type { MachineFigures } from "../../server/protocol/index.ts";
import { counted, duration, percent } from "../figures/index.ts";
import { asTable, empty, html, section, svg, table } from "./dom.ts";
import { picture, plotOf } from "./plot.ts";

/** Least number of nodes shown; trees much larger than any chosen one would leave no room for the chosen ones. */
const LEAST_SHOWN = 16;

export function machineSection(machine: MachineFigures | undefined): HTMLElement {
  const title = "This machine";
  if (!machine) return section("machine", title, empty("No model is loaded at the moment."));
  const { modelName, backend, threads, isMeasured, costs, measuredSizes, mostNodes, treeSizes } = machine;
  const model = `${modelName} on ${backend}, ${counted(threads, "thread")}.`;
  if (!isMeasured)
    return section(
      "machine",
      title,
      html("p", {}, model),
      empty("What decodes cost has not been measured yet. This happens in the first idle moment."),
    );
  const wanted = Math.max(LEAST_SHOWN, 2 * treeSizes.length);
  const most = Math.max(treeSizes.length, Math.min(costs.length, wanted, measuredSizes.at(-1) ?? wanted));
  const shown = costs.slice(0, most);
  const decodes = treeSizes.reduce((sum, count) => sum + count, 0);
  const limit = `Trees have at most ${counted(mostNodes, "node")} here at the moment, since larger ones would not be exact.`;
  return section(
    "machine",
    title,
    html(
      "p",
      {},
      `${model} The curve is T(n), what a decode of n nodes costs. Each tree has the n that gives the most expected tokens for its cost. ${limit}`,
    ),
    html(
      "ul",
      { class: "legend" },
      html(
        "li",
        {},
        key("curve"),
        html("b", {}, "T(n)"),
        " milliseconds; measured at the dots, estimated from them elsewhere",
      ),
      html(
        "li",
        {},
        key("chosen"),
        html("b", {}, "chosen"),
        ` share of ${counted(decodes, "decode")} since the model was loaded`,
      ),
    ),
    costPicture(shown, machine, decodes),
    asTable(
      table(
        "Cost of a decode and how often its size was chosen",
        ["Nodes", "T(n)", "Decodes"],
        shown.map((ms, index) => [String(index + 1), duration(ms), (treeSizes[index] ?? 0).toLocaleString()]),
      ),
    ),
  );
}

const key = (name: "curve" | "chosen") =>
  svg(
    "svg",
    { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" },
    name === "curve"
      ? svg("line", { class: "curve", x1: 0, x2: 14, y1: 7, y2: 7 })
      : svg("rect", { class: "chosen", width: 14, height: 14 }),
  );

function costPicture(
  costs: readonly number[],
  { treeSizes, measuredSizes, mostNodes }: MachineFigures,
  decodes: number,
): SVGSVGElement {
  const frame = plotOf(Math.max(...costs));
  const { plot } = frame;
  const at = (index: number) => (index + 0.5) / costs.length;
  const width = Math.min(30, ((plot.right - plot.left) / costs.length) * 0.6);
  const bars = costs.map((ms, index) => {
    const count = treeSizes[index] ?? 0;
    const share = percent(count, decodes);
    const height = decodes > 0 ? (count / decodes) * (plot.bottom - plot.top) : 0;
    const [x, y] = [plot.x(at(index)), plot.bottom - height];
    return svg(
      "g",
      {},
      svg("title", {}, `${counted(index + 1, "node")}: ${duration(ms)}, chosen in ${share} of the decodes`),
      svg("rect", { class: "chosen", x: x - width / 2, y, width, height }),
      count > 0 ? svg("text", { class: "tick", x, y: y - 4, "text-anchor": "middle" }, share) : undefined,
    );
  });
  const points = costs.map((ms, index) => `${plot.x(at(index))},${plot.y(ms)}`).join(" ");
  const dots = costs.flatMap((ms, index) =>
    measuredSizes.includes(index + 1)
      ? [svg("circle", { class: "dot", cx: plot.x(at(index)), cy: plot.y(ms), r: 3.5 })]
      : [],
  );
  const edge = plot.x(mostNodes / costs.length);
  const limit =
    mostNodes < costs.length
      ? [svg("line", { class: "limit", x1: edge, x2: edge, y1: plot.top, y2: plot.bottom })]
      : [];
  const every = Math.max(1, Math.ceil(costs.length / 16));
  const bottoms = costs.flatMap((_, index) =>
    index % every === 0 ? [{ at: at(index), text: String(index + 1) }] : [],
  );
  const label = `Cost of a decode from ${duration(costs[0] ?? 0)} for one node to ${duration(costs.at(-1) ?? 0)} for ${costs.length}.`;
  const curve = svg("polyline", { class: "curve", points });
  return picture(label, frame, duration, bottoms, ...bars, ...limit, curve, ...dots);
}
