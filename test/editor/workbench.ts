/**
 * A VS Code under test and the page that shows it, used by both editor suites.
 *
 * `startCodeServer` runs VS Code's server on a copy of a workspace; `openWorkbench` opens it in a
 * headless Chromium that can only reach loopback. Each returns a handle whose `dispose` removes
 * everything it made: processes, folders, browser profile.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { type CodeServer, type LaunchOptions, launchVSCode } from "./codeServer.mjs";
import { findChromium, outputFolder, root } from "./paths.mjs";
import { installProbe } from "./probe.ts";

export type { CodeServer } from "./codeServer.mjs";

/** A packed extension to test instead of the checkout: FORETOKEN_VSIX. */
export const vsixUnderTest: string | undefined = process.env.FORETOKEN_VSIX || undefined;

/** The workspace that the suites open; never opened itself, always a copy. */
export const sampleWorkspace: string = join(root, "test", "fixtures", "workspace");

export type ServerOptions = Pick<LaunchOptions, "workspace" | "settings" | "env" | "vsix"> & {
  /** Lets the page name a test suite even with a packed extension. */
  readonly runsTests?: boolean;
};

/** Starts VS Code; the extension is the packed one if given, else the checkout's, loaded for development. */
export function startCodeServer(options: ServerOptions): Promise<CodeServer> {
  const { runsTests, ...launch } = options;
  return launchVSCode({ ...launch, smokeTestDriver: runsTests === true || options.vsix === undefined });
}

export interface WorkbenchOptions {
  /** Folder of an extension to load for development, as with --extensionDevelopmentPath. */
  readonly developmentFolder?: string | undefined;
  /** Module to run in the extension host, as with --extensionTestsPath. */
  readonly testsModule?: string;
  /** File to open, relative to the workspace. */
  readonly file?: string;
  /** Address to open instead of the one made from these options. */
  readonly address?: string;
  readonly size?: { readonly width: number; readonly height: number };
}

export interface Workbench {
  readonly page: Page;
  /** Addresses outside of loopback that the page requested; every such request was refused. */
  readonly refused: ReadonlySet<string>;
  /** The exit code of a test run: resolves when the extension host has finished `testsModule`. */
  readonly testsExit: Promise<number>;
  /** Writes a screenshot, the browser's console and the server's output to out/screenshots. */
  explainFailure(name: string): Promise<void>;
  dispose(): Promise<void>;
}

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox", // The suite runs in containers and as root, where Chromium's sandbox cannot start.
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  "--no-proxy-server",
  // In addition to refusing requests, which does not cover the browser's own requests.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Opens the server's workbench in a new headless browser. */
export async function openWorkbench(server: CodeServer, options: WorkbenchOptions = {}): Promise<Workbench> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("No Chromium. Run: node test/editor/install.mjs");
  const profile = mkdtempSync(join(tmpdir(), "foretoken-chromium-"));
  const removeProfile = () =>
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  let context: BrowserContext | undefined;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      viewport: options.size ?? { width: 1280, height: 800 },
      args: CHROMIUM_ARGUMENTS,
      env: { ...definedEnvironment(), HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    });
    return await openPage(server, options, context, removeProfile);
  } catch (error) {
    await context?.close();
    removeProfile();
    throw error;
  }
}

async function openPage(
  server: CodeServer,
  options: WorkbenchOptions,
  context: BrowserContext,
  removeProfile: () => void,
): Promise<Workbench> {
  const refused = new Set<string>();
  await context.route(
    url => url.hostname !== "127.0.0.1" && url.protocol.startsWith("http"),
    route => {
      refused.add(route.request().url());
      return route.abort();
    },
  );
  const page = context.pages()[0] ?? (await context.newPage());
  const consoleLines: string[] = [];
  page.on("console", message => consoleLines.push(`[${message.type()}] ${message.text()}`));
  page.on("pageerror", error => consoleLines.push(`[error] ${error.stack ?? error.message}`));
  // The workbench calls these two when a test run ends, and while it runs.
  const testsExit = new Promise<number>(resolve => page.exposeFunction("codeAutomationExit", resolve));
  await page.exposeFunction("codeAutomationLog", (type: string, args: unknown[]) => {
    consoleLines.push(`[tests ${type}] ${args.join(" ")}`);
  });
  await page.addInitScript(installProbe);
  await page.goto(options.address ?? workbenchAddress(server, options));
  return {
    page,
    refused,
    testsExit,
    explainFailure: async name => {
      await screenshot(page, name).catch(() => undefined); // The page may be what failed.
      const log = [...consoleLines, "", server.log()].join("\n");
      writeFileSync(join(screenshotFolder(), `${name}.log`), log);
    },
    dispose: async () => {
      await context.close();
      removeProfile();
    },
  };
}

/** The workbench reads a few command-line options from a list of pairs in its address. */
function workbenchAddress(server: CodeServer, options: WorkbenchOptions): string {
  const remote = (path: string) => `vscode-remote://${server.authority}${path}`;
  const payload: [string, string][] = [];
  if (options.developmentFolder)
    payload.push(["extensionDevelopmentPath", remote(options.developmentFolder)]);
  if (options.testsModule) payload.push(["extensionTestsPath", remote(options.testsModule)]);
  if (options.file) payload.push(["openFile", remote(join(server.workspace, options.file))]);
  return payload.length === 0
    ? server.address
    : `${server.address}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/** Writes what the page shows to out/screenshots/NAME.png. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshotFolder(), `${name}.png`) });
}

/** Screenshots of a packed extension and of the checkout are kept separately. */
function screenshotFolder(): string {
  const folder = join(outputFolder, "screenshots", vsixUnderTest ? basename(vsixUnderTest, ".vsix") : "");
  mkdirSync(folder, { recursive: true });
  return folder;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
