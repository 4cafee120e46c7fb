/** The filters of a build in their order, and the count of what each has dropped. */
import type { SourceDocument } from "../index.ts";
import { DenyList } from "./denyList.ts";
import { type DuplicateKind, Duplicates } from "./duplicates.ts";
import { type GeneratedReason, generatedReason } from "./generated.ts";
import { isPermissive } from "./licences.ts";
import { type SyntaxReader, type SyntaxReason, syntaxReason } from "./syntax.ts";

type DropReason = "denied" | "licence" | "unknownLicence" | GeneratedReason | SyntaxReason | DuplicateKind;

export interface FilterOptions {
  /** `any` keeps all licences: for one's own code, and for sources that took care of it. */
  readonly licences: "permissive" | "any";
  /** What becomes of a document whose source names no licence, where only permissive ones are kept. */
  readonly unknownLicence: "keep" | "drop";
  readonly denyList?: DenyList;
  /** Reads Python; absent where files may be of any Python, or of none. */
  readonly syntax?: SyntaxReader | undefined;
  /** Files remembered to find duplicates of, at most; 0 finds none. 4 million unless given. */
  readonly duplicatesLimit?: number;
}

/** In the order of the filters, which is that of a report too. */
const DROP_REASONS: readonly DropReason[] = [
  "denied",
  "licence",
  "unknownLicence",
  "empty",
  "generated",
  "minified",
  "data",
  "python2",
  "broken",
  "exactDuplicate",
  "nearDuplicate",
];

/** What the filters did, for a manifest. */
interface FilterCounts {
  readonly accepted: number;
  /** Only reasons that occurred. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

/**
 * Decides over documents one by one. The denied go first, so that nothing is remembered of them; duplicates
 * last, so that only what is kept counts as seen.
 */
export class Filters {
  private accepted = 0;
  private readonly dropped = new Map<DropReason, number>();
  private readonly duplicates: Duplicates | undefined;
  private readonly denyList: DenyList;

  constructor(private readonly options: FilterOptions) {
    this.denyList = options.denyList ?? DenyList.empty;
    this.duplicates = options.duplicatesLimit === 0 ? undefined : new Duplicates(options.duplicatesLimit);
  }

  /** Why the document is dropped; undefined if it is kept. Counts either. */
  accept(document: SourceDocument): DropReason | undefined {
    const reason = this.reasonAgainst(document);
    if (reason === undefined) this.accepted++;
    else this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
    return reason;
  }

  get counts(): FilterCounts {
    const counted = DROP_REASONS.flatMap(reason => {
      const count = this.dropped.get(reason);
      return count === undefined ? [] : [[reason, count] as const];
    });
    return { accepted: this.accepted, dropped: Object.fromEntries(counted) };
  }

  private reasonAgainst(document: SourceDocument): DropReason | undefined {
    if (this.denyList.matches(document) !== undefined) return "denied";
    return (
      this.licenceReason(document.licences) ??
      generatedReason(document.text, document.path) ??
      this.syntaxReason(document) ??
      this.duplicates?.see(document.text)
    );
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
