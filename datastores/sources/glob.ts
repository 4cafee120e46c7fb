/**
 * Whether a path with forward slashes matches a pattern: `*` and `?` within one name, `**` any folders,
 * `{a,b}` either. A hub's file names come from strangers, so the work is bounded: memo by position.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  return alternatives(pattern).some(plain => matchParts(plain.split("/"), path.split("/")));
}

const ALTERNATIVES_LIMIT = 64;

function alternatives(pattern: string): string[] {
  const group = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (!group) return [pattern];
  const [, before, choices, after] = group;
  return choices
    .split(",")
    .flatMap(choice => alternatives(before + choice + after))
    .slice(0, ALTERNATIVES_LIMIT);
}

function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  // reach[j]: the patterns so far match the first j names.
  let reach = path.map(() => false).concat(false);
  reach[0] = true;
  for (const part of pattern) {
    const next = reach.map(() => false);
    for (let j = 0; j <= path.length; j++) {
      if (part === "**") next[j] = reach[j] || (j > 0 && next[j - 1]);
      else if (j > 0) next[j] = reach[j - 1] && matchName(part, path[j - 1]);
    }
    reach = next;
  }
  return reach[path.length];
}

function matchName(pattern: string, name: string): boolean {
  let reach = new Array<boolean>(name.length + 1).fill(false);
  reach[0] = true;
  for (const character of pattern) {
    const next = new Array<boolean>(name.length + 1).fill(false);
    for (let j = 0; j <= name.length; j++) {
      if (character === "*") next[j] = reach[j] || (j > 0 && next[j - 1]);
      else if (j > 0) next[j] = reach[j - 1] && (character === "?" || character === name[j - 1]);
    }
    reach = next;
  }
  return reach[name.length];
}
