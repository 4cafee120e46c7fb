/** Latency over time: the median of groups of completions, divided into its parts, and the 90th percentile. */
import { counted, duration, type LatencyGroup, type Summary } from "../figures/index.ts";
import { asTable, empty, html, section, svg, table } from "./dom.ts";
import { picture, plotOf } from "./plot.ts";

/** The parts of a bar from the bottom up. */
const PARTS = [
  { name: "wait", title: "wait", explained: "until computing began" },
  { name: "prompt", title: "prompt", explained: "building and reading it" },
  { name: "decode", title: "decode", explained: "to the first text" },
  { name: "editor", title: "editor", explained: "before the request and after the text" },
] as const;

export function latencySection({ groups, latency, answered, fromMemory }: Summary): HTMLElement {
  const title = "Latency over time";
  if (!latency) return section("latency", title, empty("No completion has been computed and shown yet."));
  const memory = `${fromMemory.toLocaleString()} of ${answered.toLocaleString()} answers came from memory at once and are not counted here.`;
  return section(
    "latency",
    title,
    html(
      "p",
      {},
      `From the key to the first text. Each bar shows the median of its completions: half are quicker. ${memory}`,
    ),
    legend(),
    latencyPicture(
      groups,
      `Latency over time: median ${duration(latency.p50)}, 90th percentile ${duration(latency.p90)}.`,
    ),
    asTable(latencyTable(groups)),
  );
}

function legend(): HTMLElement {
  const entries = PARTS.map(({ name, title, explained }) =>
    html("li", {}, swatch(name), html("b", {}, title), ` ${explained}`),
  );
  return html(
    "ul",
    { class: "legend" },
    ...entries,
    html("li", {}, swatch("p90"), html("b", {}, "p90"), " one in ten is slower"),
  );
}

const swatch = (name: string) =>
  svg(
    "svg",
    { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" },
    name === "p90"
      ? svg("line", { class: "p90", x1: 0, x2: 14, y1: 7, y2: 7 })
      : svg("rect", { class: `part ${name}`, width: 14, height: 14 }),
  );

function latencyPicture(groups: readonly LatencyGroup[], label: string): SVGSVGElement {
  const frame = plotOf(Math.max(...groups.map(({ p90 }) => p90)));
  const { plot } = frame;
  const width = Math.min(48, ((plot.right - plot.left) / groups.length) * 0.8);
  const shapes = groups.flatMap((group, index) => {
    const middle = plot.x((index + 0.5) / groups.length);
    let below = 0;
    const bars = PARTS.map(({ name }) => {
      const y = plot.y(below + group.parts[name]);
      const height = plot.y(below) - y;
      below += group.parts[name];
      return svg("rect", { class: `part ${name}`, x: middle - width / 2, y, width, height });
    });
    const y = plot.y(group.p90);
    const p90 = svg("line", { class: "p90", x1: middle - width / 2, x2: middle + width / 2, y1: y, y2: y });
    return [svg("g", {}, svg("title", {}, describe(group)), ...bars, p90)];
  });
  const [first, last] = [groups[0], groups.at(-1)];
  const bottoms = [
    { at: 0, text: first ? when(first.from) : "" },
    ...(groups.length > 1 && last ? [{ at: 1, text: when(last.to) }] : []),
  ];
  return picture(label, frame, duration, bottoms, ...shapes);
}

const when = (at: number) =>
  new Date(at).toLocaleString(undefined, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });

function describe({ from, count, p50, p90, parts }: LatencyGroup): string {
  const divided = PARTS.map(({ name, title }) => `${title} ${duration(parts[name])}`).join(", ");
  return `${counted(count, "completion")} from ${when(from)}: median ${duration(p50)} (${divided}), p90 ${duration(p90)}`;
}

const latencyTable = (groups: readonly LatencyGroup[]) =>
  table(
    "Latency from the key to the first text",
    ["From", "Completions", "p50", "p90", ...PARTS.map(({ title }) => title)],
    groups.map(({ from, count, p50, p90, parts }) => [
      when(from),
      String(count),
      duration(p50),
      duration(p90),
      ...PARTS.map(({ name }) => duration(parts[name])),
    ]),
  );
