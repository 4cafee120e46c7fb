/**
 * Whether a path with forward slashes matches a pattern: `*` and `?` within one name, `**` for any folders,
 * `{a,b}` for either. File names of a hub and patterns are untrusted, so the work is bounded by the product of their
 * lengths: all positions that a part of the pattern can reach are tracked at once.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  // With a slash at the end of both, the last name is like any other.
  const matcher = new Matcher([...`${pattern}/`], [...`${path}/`]);
  return matcher.matches();
}

/** Positions in a path, by their index: whether each can be reached. */
type Places = readonly boolean[];

/** The surroundings of a part of the pattern. */
interface Around {
  /** Whether a name begins at its start. */
  readonly isPart: boolean;
  /** Whether a slash follows it. */
  readonly isFolder: boolean;
}

class Matcher {
  constructor(
    private readonly pattern: readonly string[],
    private readonly path: readonly string[],
  ) {}

  matches(): boolean {
    const places = this.path.map((_, i) => i === 0).concat(false);
    const whole = { isPart: true, isFolder: false };
    return this.follow(0, this.pattern.length, places, whole)[this.path.length];
  }

  /** The positions that the pattern from `start` to `end` reaches from `places`. */
  private follow(start: number, end: number, places: Places, { isPart, isFolder }: Around): Places {
    const { pattern } = this;
    const beginsPart = (at: number) => (at === start ? isPart : pattern[at - 1] === "/");
    let reached = places;
    for (let at = start; at < end; ) {
      const close = pattern[at] === "{" ? this.closing(at, end) : -1;
      if (close >= 0) {
        // A slash after the group follows each alternative, which may be `**`.
        const isBeforeSlash = close + 1 < end ? pattern[close + 1] === "/" : isFolder;
        reached = this.either(at + 1, close, reached, { isPart: beginsPart(at), isFolder: isBeforeSlash });
        if (isBeforeSlash && close + 1 >= end) return reached;
        at = close + (isBeforeSlash ? 2 : 1);
      } else if (beginsPart(at) && this.isAnyFolders(at, end, isFolder)) {
        reached = this.anyFolders(reached);
        if (at + 2 >= end) return reached;
        at += 3;
      } else reached = this.step(pattern[at++], reached);
    }
    return isFolder ? this.step("/", reached) : reached;
  }

  /** The end of the group that begins at `open`; -1 for a literal brace. */
  private closing(open: number, end: number): number {
    let depth = 0;
    for (let at = open; at < end; at++) {
      if (this.pattern[at] === "{") depth++;
      if (this.pattern[at] === "}" && --depth === 0) return at;
    }
    return -1;
  }

  /** The positions that any of the alternatives between `start` and `end` reaches. */
  private either(start: number, end: number, places: Places, around: Around): Places {
    let [depth, from] = [0, start];
    const all: Places[] = [];
    for (let at = start; at <= end; at++) {
      const character = this.pattern[at];
      if (at === end || (character === "," && depth === 0)) {
        all.push(this.follow(from, at, places, around));
        from = at + 1;
      } else if (character === "{") depth++;
      else if (character === "}") depth--;
    }
    return places.map((_, i) => all.some(each => each[i]));
  }

  /** Whether a name of the pattern begins here and is `**`. @param isFolder whether a slash follows at `end` */
  private isAnyFolders(at: number, end: number, isFolder: boolean): boolean {
    const { pattern } = this;
    if (pattern[at] !== "*" || pattern[at + 1] !== "*") return false;
    return at + 2 < end ? pattern[at + 2] === "/" : at + 2 === end && isFolder;
  }

  private anyFolders(places: Places): Places {
    let isReached = false;
    return places.map((is, i) => {
      isReached ||= is;
      return is || (isReached && this.path[i - 1] === "/");
    });
  }

  /** Follows one character of the pattern. */
  private step(character: string, places: Places): Places {
    let isReached = false;
    return places.map((is, i) => {
      const before = i > 0 && places[i - 1];
      const passed = this.path[i - 1];
      if (character === "?") return before && passed !== "/";
      if (character !== "*") return before && passed === character;
      isReached = is || (isReached && passed !== "/");
      return isReached;
    });
  }
}
