/**
 * Reads ghost text inside the page, and records it frame by frame.
 *
 * `installProbe` is sent to the browser as source text before the page's own scripts run, so it must not
 * refer to anything outside of itself. The selectors are those of VS Code 1.139: the first line of ghost
 * text is a decoration in the line (split into spans by token), further lines are in a view zone.
 */

/** The ghost text of the active editor. If there is none, all parts are empty. */
export interface GhostText {
  /** The document's own text of the line, up to where ghost text begins. */
  readonly before: string;
  /** Ghost text within the line. */
  readonly inline: string;
  /** Ghost text on further lines. */
  readonly lines: readonly string[];
  /** The whole visible line: the document's text and ghost text together. */
  readonly wholeLine: string;
}

/** The content of one animation frame. */
export interface Frame {
  /** When it was read, in milliseconds in the page's clock. */
  readonly at: number;
  /** The line up to the end of its ghost text: constant while typing agrees with it. Or "". */
  readonly line: string;
  /** The document's own part of `line`. */
  readonly before: string;
  /** Ghost text on further lines. VS Code may draw it one frame earlier than that within the line. */
  readonly below: string;
}

export interface Recording {
  readonly frames: readonly Frame[];
  /** Keys as they went down, in the same clock. */
  readonly keys: readonly { readonly at: number; readonly key: string }[];
}

/** Drawing every frame takes a third of a processor, and an idle page draws none. */
export type RecordedFrames = "all" | "changed";

interface Probe {
  read(): GhostText;
  /** Starts recording every frame, or only those in which the page has changed. */
  start(which: RecordedFrames): void;
  stop(): Recording;
  recorded(): Recording;
}

declare global {
  var foretokenProbe: Probe;
}

export function installProbe(): void {
  // Monaco draws spaces as no-break spaces and puts zero-width characters at the borders of decorations.
  const clean = (text: string | null) =>
    (text ?? "").replace(/\u00a0/g, " ").replace(/\u200b|\u200c|\u200d|\ufeff/g, "");
  const textOf = (elements: Iterable<Element>) =>
    [...elements].map(element => clean(element.textContent)).join("");

  /** Text of the line before the first ghost span: a range up to it, since spans may be nested. */
  const textBefore = (line: Element, ghost: Element) => {
    const range = document.createRange();
    range.setStart(line, 0);
    range.setEndBefore(ghost);
    return clean(range.toString());
  };

  const read = (): GhostText => {
    const editor = document.querySelector(".editor-group-container.active .editor-instance");
    const ghosts = editor?.querySelectorAll(".view-lines .ghost-text-decoration") ?? [];
    const zoneLines = editor?.querySelectorAll(".view-zones .suggest-preview-text .view-line") ?? [];
    const first = ghosts[0];
    const line = first?.closest(".view-line");
    return {
      before: first && line ? textBefore(line, first) : "",
      inline: textOf(ghosts),
      lines: [...zoneLines].map(zoneLine => clean(zoneLine.textContent)),
      wholeLine: clean(line?.textContent ?? ""),
    };
  };

  let frames: Frame[] = [];
  let keys: { at: number; key: string }[] = [];
  let recording: RecordedFrames | undefined;

  // Changes its size in each recorded frame: observers of sizes are called after everything else that draws in the frame,
  // so they read what is painted.
  const pulse = document.createElement("div");
  pulse.style.cssText = "position: fixed; visibility: hidden; height: 1px; width: 1px";
  let width = 1;
  const recordFrame = () => {
    // Never back to the size of the frame before, also if it is called several times within one.
    width = (width % 1000) + 1;
    pulse.style.width = `${width}px`;
  };
  const nextFrame = () => {
    if (recording !== "all") return;
    recordFrame();
    requestAnimationFrame(nextFrame);
  };
  const sample = () => {
    if (!recording) return;
    const { before, inline, lines } = read();
    // Not the frame's own time: a key may have been handled since the frame began.
    const line = inline === "" ? "" : before + inline;
    frames.push({ at: performance.now(), line, before, below: lines.join("\n") });
  };
  const sizes = new ResizeObserver(sample);
  const changes = new MutationObserver(recordFrame);

  addEventListener(
    "keydown",
    event => {
      if (recording) keys.push({ at: event.timeStamp, key: event.key });
    },
    true, // Before the editor, which stops the event.
  );

  globalThis.foretokenProbe = {
    read,
    start: which => {
      frames = [];
      keys = [];
      recording = which;
      document.body.append(pulse);
      sizes.observe(pulse);
      if (which === "all") requestAnimationFrame(nextFrame);
      else changes.observe(document.body, { childList: true, characterData: true, subtree: true });
    },
    stop: () => {
      recording = undefined;
      changes.disconnect();
      sizes.disconnect();
      pulse.remove();
      return { frames, keys };
    },
    recorded: () => ({ frames, keys }),
  };
}
