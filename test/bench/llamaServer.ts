/** llama.cpp's own server for the benchmarks: the PyPI package xllamacpp, in its own Python environment. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, UsageError } from "../../server/system/index.ts";

export const SERVER_PACKAGE = "xllamacpp==2026.10.11549";

/** The server's figures of one completion. */
export interface ServerTimings {
  readonly prompt_n: number;
  readonly prompt_per_second: number;
  readonly predicted_n: number;
  readonly predicted_per_second: number;
}

export interface LlamaServer {
  readonly url: string;
  /** Computes a prompt without a cache and decodes `tokens` tokens greedily. */
  complete(prompt: Int32Array, tokens: number, signal: AbortSignal): Promise<ServerTimings>;
  stop(): void;
}

/** The interpreter of a Python environment with the server; created if it does not exist. */
export function serverPython(folder = join(packageRoot(), "out", "llama-server")): string {
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const marker = join(folder, SERVER_PACKAGE.replace("==", "-"));
  if (existsSync(marker)) return python;
  try {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "pipe" });
    execFileSync(python, ["-m", "pip", "install", "--quiet", SERVER_PACKAGE], { stdio: "pipe" });
    execFileSync(python, ["-c", `open(${JSON.stringify(marker)}, "w")`]);
  } catch (error) {
    throw new UsageError(
      `${SERVER_PACKAGE} could not be installed into ${folder}: ${(error as Error).message}`,
    );
  }
  return python;
}

export interface ServerOptions {
  readonly model: string;
  readonly threads: number;
  readonly contextTokens: number;
  /** A kind of speculative decoding, as in the server's `--spec-type`; none by default. */
  readonly speculation?: string;
}

export async function startServer(
  python: string,
  { model, threads, contextTokens, speculation = "none" }: ServerOptions,
): Promise<LlamaServer> {
  const script = join(packageRoot(), "test", "bench", "llamaServer.py");
  const child = spawn(python, [script, model, String(threads), String(contextTokens), speculation], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const url = await addressOf(child);
  return {
    url,
    async complete(prompt, tokens, signal) {
      const response = await fetch(`${url}/completion`, {
        method: "POST",
        signal,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          prompt: [...prompt],
          n_predict: tokens,
          temperature: 0,
          ignore_eos: true,
          cache_prompt: false,
        }),
      });
      const answer = (await response.json()) as { timings?: ServerTimings };
      if (!answer.timings) throw new UsageError(`The server answered ${response.status}.`);
      return answer.timings;
    },
    stop: () => child.kill(),
  };
}

/** The first line that the server prints. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", chunk => {
      text += chunk;
      const [line] = text.split("\n");
      if (text.includes("\n") && line) resolve(line);
    });
    child.once("exit", code => reject(new UsageError(`llama.cpp's server ended with ${code}.`)));
    child.once("error", reject);
  });
}
