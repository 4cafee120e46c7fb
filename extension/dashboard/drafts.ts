/** The benefit of drafts, by source, and the outcome of suggestions. */
import { counted, percent, type Summary } from "../figures/index.ts";
import { empty, html, section, svg, table } from "./dom.ts";

export function draftsSection({ sources, speedUp, tokensPerDecode }: Summary): HTMLElement {
  const title = "Drafts";
  if (sources.length === 0)
    return section(
      "drafts",
      title,
      empty(
        "Nothing has been drafted yet. Drafts begin once an idle moment has shown how large exact trees are on this machine.",
      ),
    );
  const gain =
    speedUp === undefined ? "" : `Decoding was ${speedUp.toFixed(2)} times as fast as one token at a time. `;
  const tokens =
    tokensPerDecode === undefined ? "" : `A decode gave ${tokensPerDecode.toFixed(2)} tokens on average.`;
  return section(
    "drafts",
    title,
    html("p", {}, gain + tokens),
    table(
      "Tokens by the source that gave them the highest probability",
      ["Source", "Drafted", "Accepted", "Share", ""],
      sources.map(({ name, proposed, accepted }) => [
        name,
        proposed.toLocaleString(),
        accepted.toLocaleString(),
        percent(accepted, proposed),
        share(accepted, proposed),
      ]),
    ),
  );
}

export function suggestionsSection({ suggestions, characters, kept }: Summary): HTMLElement {
  const title = "Suggestions and how much of them remains";
  if (suggestions.shown === 0)
    return section("suggestions", title, empty("No suggestion has been shown yet."));
  const rows: [string, number, number, string][] = [
    ["shown", characters.shown, characters.shown, counted(suggestions.shown, "suggestion")],
    [
      "accepted",
      characters.accepted,
      characters.shown,
      `of those shown, in ${counted(suggestions.accepted, "suggestion")}`,
    ],
    ...kept.map(({ afterMs, accepted, kept: left }): [string, number, number, string] => [
      `there after ${afterMs < 60_000 ? `${afterMs / 1000} s` : `${afterMs / 60_000} min`}`,
      left,
      accepted,
      accepted === 0
        ? "none was accepted so long ago and followed"
        : `of ${accepted.toLocaleString()} accepted so long ago`,
    ]),
  ];
  return section(
    "suggestions",
    title,
    table(
      "Characters of suggestions",
      ["", "Characters", "Share", "", "of"],
      rows.map(([name, count, whole, note]) => [
        name,
        count.toLocaleString(),
        percent(count, whole),
        share(count, whole),
        note,
      ]),
    ),
  );
}

/** A share as a bar; its number is shown beside it. */
const share = (part: number, whole: number) =>
  svg(
    "svg",
    { class: "share", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "whole", width: 100, height: 10 }),
    svg("rect", { class: "filled", width: whole > 0 ? (100 * part) / whole : 0, height: 10 }),
  );
