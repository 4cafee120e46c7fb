/** REST's search in C++ (`restSearch.cpp`), compiled by the machine's compiler and queried through pipes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot, UsageError } from "../../server/system/index.ts";
import { type SuffixData, SuffixFile } from "./restSearch.ts";

export interface CompiledAnswer {
  readonly microseconds: number;
  /** Tokens of the longest span found; 0 for none. */
  readonly matchLength: number;
  /** The suffixes that start with the span: indices [low, high) of the array. */
  readonly low: number;
  readonly high: number;
}

/** Compiles the search into a folder. Throws a `UsageError` if there is no compiler. */
export function compileSearch(folder: string, compiler = process.env.CXX || "c++"): string {
  const program = join(folder, "restSearch");
  const source = join(packageRoot(), "test", "bench", "restSearch.cpp");
  try {
    execFileSync(compiler, ["-std=c++17", "-O3", "-o", program, source], { stdio: "pipe" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "ENOENT"
        ? `bench search times REST's search as compiled and found no C++ compiler (${compiler}). Install one, as with apt-get install g++, or name one in CXX.`
        : `${source} does not compile with ${compiler}: ${message}`,
    );
  }
  return program;
}

/** The running program. The caller must stop it. */
export class CompiledSearch {
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    if (!child.stdout) throw new Error("the compiled search has no output");
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param folder for the program and its data @param contexts all of the same length, at least 16 tokens
   * @returns once the data are in memory
   */
  static async start(
    folder: string,
    tokens: Uint32Array,
    suffixes: Uint32Array,
    contexts: readonly Int32Array[],
  ): Promise<CompiledSearch> {
    const program = compileSearch(folder);
    const data = join(folder, "suffixes.bin");
    const file: SuffixData = SuffixFile.write(data, tokens, suffixes);
    file.close();
    const [{ length: width } = new Int32Array(0)] = contexts;
    const contextPath = join(folder, "contexts.bin");
    writeFileSync(
      contextPath,
      Buffer.concat(
        contexts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
      ),
    );
    const parameters = [data, tokens.length, suffixes.length, contextPath, width].map(String);
    const search = new CompiledSearch(spawn(program, parameters, { stdio: ["pipe", "pipe", "inherit"] }));
    await search.find(0, 1, 0, 0);
    return search;
  }

  /** Searches contexts [from, to), and reads `length` tokens after at most `samples` occurrences of each. */
  async find(from: number, to: number, samples: number, length: number): Promise<CompiledAnswer[]> {
    this.child.stdin?.write(`${from} ${to} ${samples} ${length}\n`);
    const answers: CompiledAnswer[] = [];
    for (let i = from; i < to; i++) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error("the compiled search ended early");
      const [ns = 0, matchLength = 0, low = 0, high = 0] = value.split(" ").map(Number);
      answers.push({ microseconds: ns / 1000, matchLength, low, high });
    }
    return answers;
  }

  stop(): void {
    this.child.stdin?.end();
    this.child.kill();
  }
}
