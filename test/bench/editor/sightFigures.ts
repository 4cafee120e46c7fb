/** Figures of typing in the editor and of the ghost text seen there. */
import type { TypingPosition } from "./editorTyping.ts";
import type { Waited } from "./figures.ts";
import { type Flicker, watch } from "./flicker.ts";
import {
  arrivalOf,
  isNew,
  isRemembered,
  type KeyAtPosition,
  type Latency,
  latency,
  type RecordedRequest,
  requestsOfKeys,
} from "./requestRecords.ts";
import { cursorAfter } from "./typing.ts";

export interface StrokeFigures {
  readonly keys: number;
  readonly keysPerSecond: number;
  readonly functions: number;
  /** Number of functions that are followed by more text of their module. */
  readonly inMiddle: number;
  /** Keys that deleted a slip or a too deep indentation. */
  readonly backspaces: number;
  readonly accepted: number;
  readonly acceptedCharacters: number;
}

export function strokeFigures(places: readonly TypingPosition[]): StrokeFigures {
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
    inMiddle: places.filter(({ place }) => place.after !== "").length,
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
  /** Keys without a request to the server. */
  readonly keysWithoutRequest: number;
  /** Keys that agreed with visible ghost text, and how many of them caused no request. */
  readonly agreeingKeys: number;
  readonly agreeingKeysWithoutRequest: number;
  /**
   * Milliseconds from a key to the first frame with ghost text for it, computed for it or from memory; cut off if
   * the next key came before.
   */
  readonly newTextMs: Latency | undefined;
  readonly rememberedTextMs: Latency | undefined;
  /** For new texts that were seen: from the key to the request's arrival, and from the server's text to the frame. */
  readonly keyToServerMs: Latency | undefined;
  readonly serverToFrameMs: Latency | undefined;
  readonly flicker: {
    readonly blinked: number;
    readonly replaced: number;
    readonly vanished: number;
    readonly goneMs: Latency | undefined;
    readonly all: readonly PlacedFlicker[];
  };
}

/** A key with its request, and what was seen. */
interface SeenKey {
  readonly request: RecordedRequest | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly agreed: boolean;
  /** Milliseconds until ghost text was seen. */
  readonly firstMs: number | undefined;
  /** Milliseconds until the next key or the end. */
  readonly untilNextMs: number;
}

/** @param records the server's records of the same time */
export function sightFigures(
  places: readonly TypingPosition[],
  records: readonly RecordedRequest[],
): SightFigures {
  const seen = places.map(place => seenAt(place, records));
  const keys = seen.flatMap(place => place.keys);
  const flickers = seen.flatMap(place => place.flickers);
  const until = (of: (request: RecordedRequest) => boolean) =>
    latency(keys.filter(({ request }) => request && of(request)).map(untilSeen));
  const parts = keys.flatMap(partsOfNew);
  const ofKind = (kind: Flicker["kind"]) => flickers.filter(flicker => flicker.kind === kind).length;
  const agreeing = keys.filter(({ agreed }) => agreed);
  return {
    keysWithoutRequest: keys.filter(({ request }) => !request).length,
    agreeingKeys: agreeing.length,
    agreeingKeysWithoutRequest: agreeing.filter(({ request }) => !request).length,
    newTextMs: until(isNew),
    rememberedTextMs: until(isRemembered),
    keyToServerMs: latency(parts.map(({ keyToServerMs }) => keyToServerMs)),
    serverToFrameMs: latency(parts.map(({ serverToFrameMs }) => serverToFrameMs)),
    flicker: {
      blinked: ofKind("blinked"),
      replaced: ofKind("replaced"),
      vanished: ofKind("vanished"),
      goneMs: latency(flickers.filter(({ kind }) => kind !== "replaced").map(({ goneMs }) => goneMs)),
      all: flickers,
    },
  };
}

const untilSeen = ({ firstMs, untilNextMs }: SeenKey): Waited =>
  firstMs === undefined ? { ms: untilNextMs, isCut: true } : { ms: firstMs, isCut: false };

function partsOfNew({ request, at, firstMs }: SeenKey) {
  const textMs = request?.timeline.firstTextMs;
  if (!request || !isNew(request) || textMs === undefined || firstMs === undefined) return [];
  const keyToServerMs = arrivalOf(request) - at;
  return [{ keyToServerMs, serverToFrameMs: firstMs - keyToServerMs - textMs }];
}

function seenAt(
  { place, keys, frames, clockStart }: TypingPosition,
  records: readonly RecordedRequest[],
): { keys: SeenKey[]; flickers: PlacedFlicker[] } {
  const { flickers, firstMs, agreed } = watch(frames, keys, place.margin);
  const placed = keys.map(
    ({ at, typed }): KeyAtPosition => ({ at: clockStart + at, ...cursorAfter(place, typed) }),
  );
  const requests = requestsOfKeys(
    placed,
    records.filter(({ uri }) => uri.endsWith(`/${place.module}`)),
  );
  const end = clockStart + (frames.at(-1)?.at ?? 0);
  return {
    keys: placed.map(({ at }, index) => ({
      request: requests[index],
      at,
      agreed: agreed[index] ?? false,
      firstMs: firstMs[index],
      untilNextMs: (placed[index + 1]?.at ?? end) - at,
    })),
    flickers: flickers.map(flicker => ({ ...flicker, module: place.module })),
  };
}
