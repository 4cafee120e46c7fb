/** The filters of a build in order, with counts of what each has dropped. */
import type { SourceDocument } from "../index.ts";
import { DenyList } from "./denyList.ts";
import { type DuplicateKind, Duplicates } from "./duplicates.ts";
import { type GeneratedReason, generatedReason } from "./generated.ts";
import { isPermissive } from "./licences.ts";
import { sketchOf } from "./sketch.ts";
import { type SyntaxReader, type SyntaxReason, syntaxReason } from "./syntax.ts";

export type DropReason =
  | "denied"
  | "licence"
  | "unknownLicence"
  | GeneratedReason
  | SyntaxReason
  | DuplicateKind;

export interface FilterOptions {
  /** `any` keeps all licences: for the user's own code, and for sources that checked them already. */
  readonly licences: "permissive" | "any";
  /** What happens to a document without a licence in its source if only permissive ones are kept. */
  readonly unknownLicence: "keep" | "drop";
  readonly denyList?: DenyList;
  /** Parses Python; absent if files may be in any version of Python, or in another language. */
  readonly syntax?: SyntaxReader | undefined;
}

/** The result for a document: accepted ones have a sketch, for finding duplicates in other inputs. */
export type Judgement =
  | { readonly kind: "taken"; readonly sketch: Uint8Array }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/**
 * The filters of one input; each input has its own, so that the accepted documents do not depend on which other inputs
 * the same process has read. Judges documents one by one. Denied ones are dropped first, so that nothing is
 * remembered of them; duplicates last, so that only kept documents count as seen.
 */
export class Filters {
  private readonly duplicates = new Duplicates();
  private readonly denyList: DenyList;

  constructor(private readonly options: FilterOptions) {
    this.denyList = options.denyList ?? DenyList.empty;
  }

  judge(document: SourceDocument): Judgement {
    const reason = this.reasonAgainst(document);
    if (reason !== undefined) return { kind: "dropped", reason };
    const sketch = sketchOf(document.text);
    const repeated = this.duplicates.see(sketch);
    return repeated === undefined ? { kind: "taken", sketch } : { kind: "dropped", reason: repeated };
  }

  private reasonAgainst(document: SourceDocument): DropReason | undefined {
    if (this.denyList.matches(document) !== undefined) return "denied";
    return (
      this.licenceReason(document.licences) ?? this.contentReason(document) ?? this.syntaxReason(document)
    );
  }

  private contentReason({ text, path, isProse }: SourceDocument): DropReason | undefined {
    if (isProse) return text.trim() === "" ? "empty" : undefined;
    return generatedReason(text, path);
  }

  private syntaxReason({ text, path }: SourceDocument): DropReason | undefined {
    return this.options.syntax && syntaxReason(text, path, this.options.syntax);
  }

  private licenceReason(licences: readonly string[]): DropReason | undefined {
    if (this.options.licences === "any") return undefined;
    if (licences.length === 0) return this.options.unknownLicence === "drop" ? "unknownLicence" : undefined;
    return isPermissive(licences) ? undefined : "licence";
  }
}
