/**
 * What drafting remembers from completion to completion, for one loaded model: how far sources can be trusted, the
 * model's own successors of tokens, and recent texts. Makes the drafter of each completion.
 */
import { Calibration } from "./calibration.ts";
import { Drafter } from "./draft.ts";
import type { TreeDrafter } from "./drafter.ts";
import type { Ending } from "./evidence.ts";
import { TokenHistory } from "./history.ts";
import type { ReportOffer } from "./offerTable.ts";
import type { SourceName } from "./source.ts";
import type { ThrottledSource } from "./sourceSearches.ts";
import { CorpusDrafts, type CorpusSource } from "./sources/corpus.ts";
import { DocumentSource } from "./sources/document.ts";
import { type DraftModel, DraftModelSource } from "./sources/draftModel.ts";
import { NearbySource } from "./sources/nearby.ts";
import { RecycledTokens, RecyclingSource } from "./sources/recycling.ts";
import { AcceptedTexts, RecentTexts } from "./sources/remembered.ts";
import { SourceThrottle } from "./sourceThrottle.ts";
import { DraftStatistics } from "./statistics.ts";
import { type DraftVocabulary, TokenTexts } from "./tokenTexts.ts";

/** A place that is completed, as drafting sees it. */
interface DraftContext {
  /** Tokens of the document before the cursor. */
  readonly before: Int32Array;
  /** Tokens of the document after the cursor. */
  readonly after: Int32Array;
  /** Other texts to draft from, the nearer first. */
  readonly corpora: readonly CorpusSource[];
  /** A draft model, as a further source. */
  readonly draftModel?: DraftModel | undefined;
  /** Bounds of the tree. */
  readonly maxNodes: number;
  readonly maxLeaves: number;
}

export interface DraftMemoryOptions {
  readonly calibration?: Calibration;
  /** Called with every offer on the model's path, for measurements. */
  readonly onOffer?: ReportOffer;
  /** Sources that are not asked. */
  readonly without?: readonly SourceName[];
}

export class DraftMemory {
  readonly calibration: Calibration;
  readonly statistics = new DraftStatistics();
  readonly recent = new RecentTexts();
  readonly accepted = new AcceptedTexts();
  private readonly texts: TokenTexts;
  private readonly recycled: RecycledTokens;
  private readonly recyclingThrottle = new SourceThrottle();
  /** The token the model has ended texts with; undefined before it has ended one. */
  private endToken: number | undefined;

  constructor(
    vocabulary: DraftVocabulary,
    private readonly options: DraftMemoryOptions = {},
  ) {
    this.calibration = options.calibration ?? new Calibration();
    this.texts = new TokenTexts(vocabulary);
    this.recycled = new RecycledTokens(vocabulary.size);
  }

  /** Switches to the equal vocabulary of a reloaded model: the old one was freed with its model. */
  adopt(vocabulary: DraftVocabulary): void {
    this.texts.vocabulary = vocabulary;
  }

  drafter(place: DraftContext): TreeDrafter {
    const { texts, options } = this;
    const sources = this.sources(place).filter(({ source }) => !options.without?.includes(source.name));
    const { maxNodes, maxLeaves } = place;
    const { calibration, statistics } = this;
    const history = new TokenHistory(place.before, texts.vocabulary);
    const onOffer = options.onOffer && { onOffer: options.onOffer };
    const drafter = new Drafter({
      history,
      texts,
      sources,
      calibration,
      statistics,
      maxNodes,
      maxLeaves,
      ...onOffer,
    });
    return {
      prepare: (prompt, filled, signal) => drafter.prepare(prompt, filled, signal),
      draftAhead: (root, room, cost, signal) => drafter.draftAhead(root, room, cost, signal),
      draft: (root, room, cost) => drafter.draft(root, room, cost),
      observe: verified => drafter.observe(verified),
      describe: node => drafter.describe(node),
      push: token => {
        if (texts.vocabulary.endsText(token)) this.endToken = token;
        drafter.push(token);
      },
    };
  }

  private sources({ before, after, corpora, draftModel }: DraftContext): ThrottledSource[] {
    const { texts, endToken, calibration } = this;
    const ending: Ending | undefined = endToken === undefined ? undefined : { token: endToken, after };
    return [
      { source: new DocumentSource(before.length, texts, ending) },
      { source: new NearbySource("ahead", { tokens: after, size: after.length }, texts, ending) },
      { source: new NearbySource("recent", this.recent, texts, ending) },
      ...[this.accepted.source, ...corpora].map(corpus => ({
        source: new CorpusDrafts(corpus, texts, ending),
        throttle: corpus.throttle,
      })),
      { source: new RecyclingSource(this.recycled), throttle: this.recyclingThrottle },
      ...(draftModel
        ? [{ source: new DraftModelSource(draftModel, calibration, texts), throttle: draftModel.throttle }]
        : []),
    ];
  }
}
