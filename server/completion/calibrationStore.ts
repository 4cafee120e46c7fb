/** The calibration of drafts, kept between starts: one file for each workspace and tokenizer. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Calibration } from "../draft/index.ts";
import { codeOf, messageOf, writeWhole } from "../system/index.ts";

/** Hexadecimal digits of the hash that a file is named by. */
const NAME_LENGTH = 24;

export class CalibrationStore {
  private directory: string | undefined;
  private workspace = "";

  /** @param warn writes to the log */
  constructor(private readonly warn: (message: string) => void) {}

  /** @param directory where the files are kept; undefined keeps none @param folders the workspace's */
  start(directory: string | undefined, folders: readonly string[]): void {
    this.directory = directory;
    this.workspace = [...folders].sort().join("\n");
  }

  /** Writes a calibration, unless the folder cannot be written. */
  save(calibration: Calibration, fingerprint: string): void {
    const file = this.file(fingerprint);
    if (file === undefined) return;
    try {
      writeWhole(file, JSON.stringify(calibration.save()));
    } catch {
      // Only what was learned is lost.
    }
  }

  /** Reads what was learned before into a calibration; one that cannot be read is reported and left as it is. */
  restore(calibration: Calibration, fingerprint: string): void {
    const file = this.file(fingerprint);
    if (file === undefined) return;
    try {
      if (!calibration.restore(JSON.parse(readFileSync(file, "utf8"))))
        this.warn(`${file} was written by another version and is not used: drafting starts learning again.`);
    } catch (error) {
      if (codeOf(error) !== "ENOENT")
        this.warn(`${file} cannot be read and is not used: ${messageOf(error)}`);
    }
  }

  private file(fingerprint: string): string | undefined {
    if (this.directory === undefined) return undefined;
    const name = createHash("sha256").update(`${this.workspace}\0${fingerprint}`).digest("hex");
    return join(this.directory, "calibration", `${name.slice(0, NAME_LENGTH)}.json`);
  }
}
