/**
 * An engine without a model. Its tokens are bytes, plus one that ends the text; the next token is a function of
 * the whole context, so a wrong path, a lost token or a stale cache shows in its text.
 */
import type {
  Decoded,
  DecodeOutcome,
  Engine,
  EngineInfo,
  PrefillOutcome,
  TokenTree,
  Vocabulary,
} from "../../server/engine/engine.ts";
import { until } from "./until.ts";

export const END = 256;
const FILL = { fillPrefix: 257, fillSuffix: 258, fillMiddle: 259 };

export class ByteVocabulary implements Vocabulary {
  readonly fingerprint = "bytes";
  readonly size = 261;
  readonly special = { beginning: undefined, ...FILL };
  tokenize(text: string): Int32Array {
    return Int32Array.from(new TextEncoder().encode(text));
  }
  readonly controlTokens: ReadonlyMap<string, number> = new Map([
    ["<|start|>", 260],
    ["<|end|>", END],
  ]);
  readonly userDefined: readonly string[] = [];
  find(): undefined {
    return undefined;
  }
  bytes(token: number): Uint8Array {
    return token < 256 ? Uint8Array.of(token) : new Uint8Array(0);
  }
  endsText(token: number): boolean {
    return token === END;
  }
}

/** The next token after a context. */
export type FakeModel = (context: readonly number[]) => number;

/** A model that generates `text` after any prompt, and then ends. */
export function saying(text: string): FakeModel {
  const bytes = new TextEncoder().encode(text);
  return context => bytes[context.length - 1 - context.lastIndexOf(FILL.fillMiddle)] ?? END;
}

/** A model that answers each text according to its end; the longest matching end counts. Then it ends. */
export function answering(answers: Readonly<Record<string, string>>): FakeModel {
  return context => {
    const middle = context.lastIndexOf(FILL.fillMiddle);
    const before = context.slice(context.indexOf(FILL.fillPrefix) + 1, context.indexOf(FILL.fillSuffix));
    const text = new TextDecoder().decode(Uint8Array.from(before));
    const end = Object.keys(answers)
      .filter(each => text.endsWith(each))
      .sort((a, b) => b.length - a.length)[0];
    const bytes = new TextEncoder().encode(end === undefined ? "" : answers[end]);
    return bytes[context.length - 1 - middle] ?? END;
  };
}

/** A model whose next token depends on all previous tokens: any error changes everything that follows. */
export const chaotic: FakeModel = context => {
  let hash = 7;
  for (const token of context) hash = (Math.imul(hash, 31) + token) >>> 0;
  return 97 + (hash % 5);
};

export class FakeEngine implements Engine {
  readonly vocabulary = new ByteVocabulary();
  readonly info: EngineInfo;
  context: number[] = [];
  decodes = 0;
  prefills = 0;
  disposed = false;
  /** Resolves before each decode: lets a test hold the engine or count its steps. */
  beforeDecode: () => Promise<void> = async () => {};
  /** Logits after a context, for tests of sampling; all other tokens are impossible. */
  distribution: (context: readonly number[]) => [token: number, logit: number][] = () => [];
  /** Whether the next decodes run out of memory. */
  memoryIsFull = false;
  savesEnergy = false;
  private tree: TokenTree | undefined;

  constructor(
    private readonly model: FakeModel,
    info: Partial<EngineInfo> = {},
  ) {
    this.info = {
      modelPath: "fake",
      modelName: "fake",
      architecture: "fake",
      backend: "cpu",
      release: "0",
      threads: 1,
      keys: "f16",
      contextTokens: 4096,
      maxTreeNodes: 63,
      maxBranches: 32,
      notes: [],
      ...info,
    };
  }

  /** A decode costs the same whatever its size: every likely draft pays. */
  cost(_nodes?: number): number {
    return 1;
  }

  get waitingMs(): number {
    return 0;
  }

  get slowdownMs(): number {
    return 0;
  }

  room(): number {
    return Math.max(0, Math.min(this.info.maxTreeNodes, this.info.contextTokens - this.context.length));
  }

  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<PrefillOutcome> {
    this.prefills++;
    if (signal.aborted) return { kind: "aborted" };
    this.context = [...tokens];
    return { kind: "prefilled", reused: 0, computed: tokens.length };
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    await this.beforeDecode();
    if (signal.aborted) return { kind: "aborted" };
    if (this.memoryIsFull) return { kind: "outOfMemory" };
    this.decodes++;
    this.tree = tree;
    const path = (node: number): number[] => {
      const parent = tree.parents[node] as number;
      return [...(parent < 0 ? [] : path(parent)), tree.tokens[node] as number];
    };
    const decoded: Decoded = {
      ms: 0,
      argmax: node => this.model([...this.context, ...path(node)]),
      logits: (node, out) => {
        out.fill(Number.NEGATIVE_INFINITY);
        for (const [token, logit] of this.distribution([...this.context, ...path(node)])) out[token] = logit;
      },
      top: (node, count, ids, logits) => {
        const likeliest = this.distribution([...this.context, ...path(node)])
          .sort(([a, first], [b, second]) => second - first || a - b)
          .slice(0, count);
        for (const [i, [token, logit]] of likeliest.entries()) {
          ids[i] = token;
          logits[i] = logit;
        }
        return likeliest.length;
      },
      probability: (node, token) => {
        const logits = this.distribution([...this.context, ...path(node)]);
        if (logits.length === 0) return token === decoded.argmax(node) ? 1 : 0;
        const weights = logits.map(([, logit]) => Math.exp(logit));
        const own = logits.findIndex(([id]) => id === token);
        return (weights[own] ?? 0) / weights.reduce((a, b) => a + b, 0);
      },
    };
    return { kind: "decoded", decoded };
  }

  accept(path: readonly number[]): void {
    if (!this.tree) throw new Error("accept before decode");
    for (const node of path) this.context.push(this.tree.tokens[node] as number);
    this.tree = undefined;
  }

  saveEnergy(on: boolean): void {
    this.savesEnergy = on;
  }

  forget(): void {
    this.context = [];
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

/** An engine whose decodes are said to take so long that what its fakes take does not count. */
export function slowEngine(model: FakeModel): FakeEngine {
  const engine = new FakeEngine(model);
  engine.cost = () => 1000;
  return engine;
}

/** An engine that says what `model` does, fairly sure of it, in a hundredth of a slow one's time: to draft for one. */
export class FakeDrafter extends FakeEngine {
  constructor(model: FakeModel, sure = 0.9) {
    super(model);
    this.distribution = context => {
      const said = model(context);
      return [
        [said, Math.log(sure)],
        [said === 1 ? 2 : 1, Math.log(1 - sure)],
      ];
    };
  }

  override cost(): number {
    return 10;
  }
}

/** An engine that stands still before each decode until it is reported how many more to make. */
export function steppedEngine(model: FakeModel) {
  const engine = new FakeEngine(model);
  let allowed = 0;
  let wake = () => {};
  engine.beforeDecode = async () => {
    while (allowed === 0)
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    allowed--;
  };
  const allow = async (steps: number) => {
    const decodes = engine.decodes + steps;
    allowed = steps;
    wake();
    await until("the decodes", () => engine.decodes >= decodes);
    await new Promise(resolve => setTimeout(resolve, 5));
  };
  return {
    engine,
    allow,
    run() {
      allowed = Number.POSITIVE_INFINITY;
      wake();
    },
  };
}
