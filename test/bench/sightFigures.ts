/** Figures of what was typed in the editor and seen there. */
import type { TypedPlace } from "./editorTyping.ts";
import { type Flicker, watch } from "./flicker.ts";
import {
  isNew,
  isRemembered,
  type KeyAtPlace,
  type Latency,
  latency,
  type RecordedRequest,
  requestsOfKeys,
} from "./requestRecords.ts";
import { cursorBehind } from "./typing.ts";

export interface StrokeFigures {
  readonly keys: number;
  readonly keysPerSecond: number;
  readonly functions: number;
  /** Those with text of their module behind them. */
  readonly inMiddle: number;
  /** Keys that took a slip or a too deep indentation back. */
  readonly backspaces: number;
  readonly accepted: number;
  readonly acceptedCharacters: number;
}

export function strokeFigures(places: readonly TypedPlace[]): StrokeFigures {
  const strokes = places.flatMap(place => place.strokes);
  const accepted = strokes.flatMap(({ stroke }) => (stroke.kind === "accept" ? [stroke.text] : []));
  const seconds = places.reduce(
    (sum, { strokes }) => sum + ((strokes.at(-1)?.at ?? 0) - (strokes[0]?.at ?? 0)) / 1_000,
    0,
  );
  return {
    keys: strokes.length,
    keysPerSecond: Math.round((strokes.length / seconds) * 10) / 10,
    functions: places.length,
    inMiddle: places.filter(({ place }) => place.behind !== "").length,
    backspaces: strokes.filter(({ stroke }) => stroke.kind === "backspace").length,
    accepted: accepted.length,
    acceptedCharacters: accepted.join("").length,
  };
}

/** A flicker and where it was. */
export interface PlacedFlicker extends Flicker {
  readonly module: string;
}

export interface SightFigures {
  /** Keys for which the server was asked nothing. */
  readonly keysWithoutRequest: number;
  /** Keys that agreed with ghost text to be seen, and those of them for which the server was asked nothing. */
  readonly agreeingKeys: number;
  readonly agreeingKeysWithoutRequest: number;
  /** Milliseconds from a key to the first frame with ghost text for it: computed for it, or from memory. */
  readonly newTextMs: Latency | undefined;
  readonly rememberedTextMs: Latency | undefined;
  readonly flicker: {
    readonly blinked: number;
    readonly replaced: number;
    readonly vanished: number;
    readonly goneMs: Latency | undefined;
    readonly all: readonly PlacedFlicker[];
  };
}

/** A key with the request that came for it, and what was seen. */
interface SeenKey {
  readonly request: RecordedRequest | undefined;
  readonly agreed: boolean;
  readonly firstMs: number | undefined;
}

/** @param records what the server recorded meanwhile */
export function sightFigures(
  places: readonly TypedPlace[],
  records: readonly RecordedRequest[],
): SightFigures {
  const seen = places.map(place => seenAt(place, records));
  const keys = seen.flatMap(place => place.keys);
  const flickers = seen.flatMap(place => place.flickers);
  const firstMs = (of: (request: RecordedRequest) => boolean) =>
    latency(
      keys.flatMap(({ request, firstMs }) =>
        request && firstMs !== undefined && of(request) ? [firstMs] : [],
      ),
    );
  const ofKind = (kind: Flicker["kind"]) => flickers.filter(flicker => flicker.kind === kind).length;
  const agreeing = keys.filter(({ agreed }) => agreed);
  return {
    keysWithoutRequest: keys.filter(({ request }) => !request).length,
    agreeingKeys: agreeing.length,
    agreeingKeysWithoutRequest: agreeing.filter(({ request }) => !request).length,
    newTextMs: firstMs(isNew),
    rememberedTextMs: firstMs(isRemembered),
    flicker: {
      blinked: ofKind("blinked"),
      replaced: ofKind("replaced"),
      vanished: ofKind("vanished"),
      goneMs: latency(flickers.filter(({ kind }) => kind !== "replaced").map(({ goneMs }) => goneMs)),
      all: flickers,
    },
  };
}

function seenAt(
  { place, keys, frames, clockStart }: TypedPlace,
  records: readonly RecordedRequest[],
): { keys: SeenKey[]; flickers: PlacedFlicker[] } {
  const { flickers, firstMs, agreed } = watch(frames, keys, place.margin);
  const placed = keys.map(
    ({ at, typed }): KeyAtPlace => ({ at: clockStart + at, ...cursorBehind(place, typed) }),
  );
  const requests = requestsOfKeys(
    placed,
    records.filter(({ uri }) => uri.endsWith(`/${place.module}`)),
  );
  return {
    keys: requests.map((request, index) => ({
      request,
      agreed: agreed[index] ?? false,
      firstMs: firstMs[index],
    })),
    flickers: flickers.map(flicker => ({ ...flicker, module: place.module })),
  };
}
