/** The models one can choose from, in words. */
import type { ModelEntry } from "../server/protocol/index.ts";

/** An entry of the list: title, what follows it, and the line below. */
export interface ModelItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly reference: string;
}

const FITS = { yes: "fits", tight: "leaves little memory", no: "too large for this machine" } as const;
const COMMERCIAL = { yes: "", no: ", not for commercial use", restricted: ", with terms of use" } as const;

/** @param current what the setting names */
export function modelItem(entry: ModelEntry, current: string): ModelItem {
  const { reference, title, bytes, licence, singleLine, fit, lineMs, place, recommended } = entry;
  const isHere = place !== "hub";
  const icon =
    reference === current
      ? "$(check)"
      : recommended
        ? "$(star-full)"
        : isHere
          ? "$(database)"
          : "$(cloud-download)";
  const size = bytes === undefined ? "an unknown size" : sizeText(bytes);
  const facts = [
    ...(recommended ? ["recommended"] : []),
    place === "hub"
      ? `${size} to fetch`
      : place === "fetched"
        ? `${size}, fetched`
        : `${size}, from ${place}`,
    ...(fit === undefined ? [] : [FITS[fit]]),
    ...(lineMs === undefined ? [] : [`a line in about ${timeText(lineMs)}`]),
  ];
  const quality = singleLine === undefined ? [] : [`fills in ${singleLine}% of HumanEval's single lines`];
  const terms = licence === undefined ? [] : [`licence ${licence.name}${COMMERCIAL[licence.commercial]}`];
  return {
    label: `${icon} ${title}`,
    description: facts.join(" · "),
    detail: [...quality, ...terms].join(" · "),
    reference,
  };
}

export const sizeText = (bytes: number) =>
  bytes >= 999.5e6 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;

export const timeText = (ms: number) =>
  ms >= 995 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 10) * 10} ms`;
