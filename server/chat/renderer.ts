/**
 * Renders templates in a separate process: a template is untrusted and may loop for ever or exhaust the memory. A thread is not
 * enough, because an array that outgrows the heap ends the whole process.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Message } from "./message.ts";

/** What a template is rendered with, as the templates call it. */
interface TemplateValues {
  readonly messages: readonly Message[];
  readonly add_generation_prompt: boolean;
  readonly bos_token: string;
  readonly eos_token: string;
}

export interface RenderRequest {
  readonly template: string;
  readonly values: TemplateValues;
}

export type RenderResponse = { readonly text: string } | { readonly problem: string };

/** Limit of the heap; ordinary templates need a few. */
const HEAP_MB = 128;

export class Renderer {
  private child: ChildProcess | undefined;

  /** @param script the bundled `renderProcess.ts` */
  constructor(
    private readonly script: string,
    private readonly template: string,
  ) {}

  /** The text; rejects with the reason if the template fails. One at a time. */
  async render(values: TemplateValues): Promise<string> {
    const request: RenderRequest = { template: this.template, values };
    const response = await this.ask(request);
    if ("problem" in response) throw new Error(response.problem);
    return response.text;
  }

  private ask(request: RenderRequest): Promise<RenderResponse> {
    const child = this.child && isAlive(this.child) ? this.child : this.start();
    this.child = child;
    // The process must not end while somebody waits for the text.
    hold(child, "ref");
    return new Promise<RenderResponse>((resolve, reject) => {
      child.once("message", message => resolve(message as RenderResponse));
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        const end = signal ?? `exit code ${code}`;
        resolve({ problem: `rendering it ended with ${end}; it may use ${HEAP_MB} MB of memory at most` });
      });
      child.send(request, error => {
        if (error) reject(error);
      });
    }).finally(() => {
      for (const event of ["message", "error", "exit"]) child.removeAllListeners(event);
      // Otherwise an error while nobody waits would end this process.
      child.on("error", () => {});
      hold(child, "unref");
    });
  }

  private start(): ChildProcess {
    return fork(this.script, {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
    });
  }
}

const isAlive = ({ connected, exitCode, signalCode }: ChildProcess) =>
  connected && exitCode === null && signalCode === null;

function hold(child: ChildProcess, how: "ref" | "unref"): void {
  child[how]();
  child.channel?.[how]();
}
