/**
 * The open cells of a notebook, and what is known about each until it changes, so that a key does not require looking at all
 * cells.
 */
import { type Cell, type Hash, type HashesAround, type TextHash, wholeHash } from "../text/index.ts";

/** A cell, and the hashes of all that decides how it is shown to those around it. */
export interface OpenCell {
  readonly cell: Cell;
  readonly hashes: readonly TextHash[];
}

export class OpenCells {
  private readonly places: ReadonlyMap<string, number>;
  private readonly known: (OpenCell | undefined)[] = [];
  /** At each number, the hash of so many cells from the start, and from the end backwards. */
  private readonly fromStart: Hash[] = [wholeHash([])];
  private readonly fromEnd: Hash[] = [wholeHash([])];

  /** @param uris the open cells in their order @param look a cell as it is now */
  constructor(
    private readonly uris: readonly string[],
    private readonly look: (uri: string) => OpenCell,
  ) {
    this.places = new Map(uris.map((uri, place) => [uri, place]));
  }

  /** To be called when the text of a cell changes. */
  changed(uri: string): void {
    const place = this.places.get(uri);
    if (place === undefined) return;
    this.known[place] = undefined;
    this.fromStart.length = Math.min(this.fromStart.length, place + 1);
    this.fromEnd.length = Math.min(this.fromEnd.length, this.uris.length - place);
  }

  /** The cells around a cell; undefined if it is not one of these. */
  around(uri: string): { readonly above: readonly Cell[]; readonly below: readonly Cell[] } | undefined {
    const place = this.places.get(uri);
    if (place === undefined) return undefined;
    const cells = this.uris.map((_, each) => this.at(each).cell);
    return { above: cells.slice(0, place), below: cells.slice(place + 1) };
  }

  /** Hashes of the cells around a cell; undefined if it is not one of these. */
  hashesAround(uri: string): HashesAround | undefined {
    const place = this.places.get(uri);
    if (place === undefined) return undefined;
    const last = this.uris.length - 1;
    return {
      before: extended(this.fromStart, place, each => this.at(each)),
      after: extended(this.fromEnd, last - place, each => this.at(last - each)),
    };
  }

  private at(place: number): OpenCell {
    const cell = this.known[place] ?? this.look(this.uris[place] ?? "");
    this.known[place] = cell;
    return cell;
  }
}

/** The hash of the first `count` cells. @param hashes those that are known, without gaps; the missing ones are added */
function extended(hashes: Hash[], count: number, cell: (place: number) => OpenCell): Hash {
  let hash = hashes[Math.min(count, hashes.length - 1)] ?? wholeHash([]);
  while (hashes.length <= count) {
    hash = wholeHash(cell(hashes.length - 1).hashes, hash);
    hashes.push(hash);
  }
  return hash;
}
