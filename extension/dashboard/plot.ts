/** The frame of a picture with two axes. */
import { ticks } from "../figures/index.ts";
import { type Child, svg } from "./dom.ts";

const MARGIN = { top: 22, right: 12, bottom: 34, left: 64 } as const;
const SIZE = { width: 760, height: 240 } as const;

interface Plot {
  /** The horizontal coordinate of a position from 0 to 1 along the axis. */
  readonly x: (share: number) => number;
  /** The vertical coordinate of a value. */
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Ticks of the vertical axis from 0 on, and the area between the axes. @param most the largest value */
export function plotOf(most: number): { readonly plot: Plot; readonly marks: readonly number[] } {
  const marks = ticks(most);
  const [top, bottom] = [MARGIN.top, SIZE.height - MARGIN.bottom];
  const [left, right] = [MARGIN.left, SIZE.width - MARGIN.right];
  const largest = marks.at(-1) ?? 1;
  const plot = {
    x: (share: number) => left + share * (right - left),
    y: (value: number) => bottom - (value / largest) * (bottom - top),
    left,
    right,
    top,
    bottom,
  };
  return { plot, marks };
}

/** A picture with its grid; `label` describes it. @param bottoms labels below, by their position from 0 to 1 */
export function picture(
  label: string,
  { plot, marks }: { readonly plot: Plot; readonly marks: readonly number[] },
  word: (value: number) => string,
  bottoms: readonly { readonly at: number; readonly text: string }[],
  ...children: readonly Child[]
): SVGSVGElement {
  const { left, right, bottom } = plot;
  const grid = marks.flatMap(mark => {
    const y = plot.y(mark);
    return [
      svg("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }),
      svg("text", { class: "tick", x: left - 8, y: y + 4, "text-anchor": "end" }, word(mark)),
    ];
  });
  const below = bottoms.map(({ at, text }) =>
    svg("text", { class: "tick", x: plot.x(at), y: bottom + 20, "text-anchor": anchor(at) }, text),
  );
  return svg(
    "svg",
    { role: "img", "aria-label": label, viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "plot" },
    ...grid,
    ...children,
    ...below,
  );
}

const anchor = (at: number) => (at <= 0 ? "start" : at >= 1 ? "end" : "middle");
