/**
 * A simulated user who types a text: speed, slips of the finger, and accepting suggestions. The next key follows from
 * the text, the typed part and the shown suggestion. All randomness comes from the given numbers, so that a run can be
 * repeated as far as the same suggestions are shown.
 */

/** The user's next action. `look` presses no key: the shown suggestion is read, and decided on after a while. */
export type Stroke =
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "enter" | "backspace" | "look" }
  /** `text`: the shown text that is inserted. */
  | { readonly kind: "accept"; readonly text: string };

/** How long a right suggestion is read before it is accepted. */
export const LOOK_MS = 250;
/** Shorter suggestions are typed faster than read. */
const SHORTEST_ACCEPTED = 4;
/** Share of the letters for which a neighbouring key is hit. */
const SLIPS = 0.02;
/** A slip is noticed after fewer further keys than this. */
const NOTICED_WITHIN = 4;
const INDENTATION = 4;

/** Median pause between two keys; with the longer ones below, the speed is six keys a second. */
const PAUSE_MS = 130;
/** Standard deviation of the logarithm of a pause. */
const SPREAD = 0.35;
const SHORTEST_PAUSE_MS = 55;
const LONGEST_PAUSE_MS = 1_200;
/** Factors for keys that take longer. */
const AFTER_WORD = 1.3;
const AFTER_LINE = 2.5;
const BEFORE_CORRECTION = 2.2;

/** Rows of neighbouring keys. */
const ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/**
 * The text before the cursor after a stroke in VS Code with its default indentation, language Python, and without
 * automatic closing brackets.
 * @param before the text from the beginning of a line to the cursor
 */
export function afterStroke(before: string, stroke: Stroke): string {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  switch (stroke.kind) {
    case "look":
      return before;
    case "character":
      return before + stroke.character;
    case "accept":
      return before + stroke.text;
    case "enter":
      return `${before}\n${indentationAfter(line)}`;
    case "backspace":
      // Within the indentation, back to the previous tab stop.
      return before.slice(0, /^ +$/.test(line) ? -(((line.length - 1) % INDENTATION) + 1) : -1);
  }
}

/** The indentation that VS Code gives the next line with its built-in rules for Python. */
function indentationAfter(line: string): string {
  const indentation = /^ */.exec(line)?.[0] ?? "";
  const opensBlock =
    /^\s*(?:def|class|for|if|elif|else|while|try|with|finally|except|async).*?:\s*$/.test(line) ||
    /[([{]\s*$/.test(line);
  return opensBlock ? indentation + " ".repeat(INDENTATION) : indentation;
}

export class Typist {
  /** Always a beginning of the whole, or correctable to one. */
  private before: string;
  private readonly whole: string;
  /** Keys until a slip is noticed; undefined while there is none. */
  private unnoticed: number | undefined;
  /** The suggestion that is being read. */
  private looked: string | undefined;
  private last: Stroke | undefined;

  /**
   * @param text the text to type
   * @param margin the indentation before it
   * @param random numbers in [0, 1)
   */
  constructor(
    text: string,
    margin: string,
    private readonly random: () => number,
  ) {
    this.whole = margin + text;
    this.before = margin;
  }

  /** The text from the beginning of the first line, including its indentation, to the cursor. */
  get typed(): string {
    return this.before;
  }

  get isDone(): boolean {
    return this.before === this.whole;
  }

  /** Milliseconds until the next stroke; drawn again with each call. */
  pauseMs(): number {
    if (this.last?.kind === "look") return LOOK_MS;
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    let ms = PAUSE_MS * Math.exp(SPREAD * normal);
    if (this.last?.kind === "enter") ms *= AFTER_LINE;
    else if (this.unnoticed === 0 && this.last?.kind !== "backspace") ms *= BEFORE_CORRECTION;
    else if (/\W$/.test(this.before)) ms *= AFTER_WORD;
    return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, ms));
  }

  /** @param shown the suggestion after the cursor; "" if there is none */
  next(shown: string): Stroke {
    const stroke = this.choose(shown);
    this.before = afterStroke(this.before, stroke);
    if (this.unnoticed !== undefined && this.whole.startsWith(this.before)) this.unnoticed = undefined;
    this.last = stroke;
    return stroke;
  }

  private choose(shown: string): Stroke {
    if (this.unnoticed !== undefined) return this.withSlip(this.unnoticed);
    const { looked } = this;
    this.looked = undefined;
    if (this.isRight(shown)) {
      if (shown === looked) return { kind: "accept", text: shown };
      // New or longer: it must be read before it is accepted.
      this.looked = shown;
      return { kind: "look" };
    }
    // Corrects an indentation that the editor has made too deep.
    if (!this.whole.startsWith(this.before)) return { kind: "backspace" };
    return this.maybeSlip(this.wanted());
  }

  /** Whether a suggestion is right and long enough. None that begins with blanks is accepted: the editor's Tab indents. */
  private isRight(shown: string): boolean {
    return (
      shown.length >= SHORTEST_ACCEPTED && !/^[ \t]/.test(shown) && this.whole.startsWith(this.before + shown)
    );
  }

  /** Continues typing until the slip is noticed, then deletes what is wrong. */
  private withSlip(unnoticed: number): Stroke {
    if (unnoticed === 0) return { kind: "backspace" };
    this.unnoticed = unnoticed - 1;
    const wanted = this.wanted();
    if (wanted.kind !== "enter") return wanted;
    this.unnoticed = 0; // At the end of a line the user looks up.
    return { kind: "backspace" };
  }

  /** The stroke for the next character. */
  private wanted(): Stroke {
    const character = this.whole.charAt(this.before.length);
    return character === "\n" ? { kind: "enter" } : { kind: "character", character };
  }

  private maybeSlip(stroke: Stroke): Stroke {
    if (stroke.kind !== "character" || !/[a-z]/.test(stroke.character)) return stroke;
    if (this.random() >= SLIPS) return stroke;
    const row = ROWS.find(keys => keys.includes(stroke.character)) ?? stroke.character;
    const at = row.indexOf(stroke.character);
    const right = at === 0 || (at < row.length - 1 && this.random() < 0.5);
    this.unnoticed = Math.floor(this.random() * NOTICED_WITHIN);
    return { kind: "character", character: row.charAt(right ? at + 1 : at - 1) };
  }
}
