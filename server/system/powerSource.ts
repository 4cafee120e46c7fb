/** Whether the machine runs on its battery, if the platform reports that at little cost. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What is read from the platform; tests pass their own. */
export interface PowerReader {
  readonly platform: NodeJS.Platform;
  /** Folder of the kernel's power supplies, on Linux. */
  readonly suppliesDirectory: string;
  /** Runs a program and resolves to what it prints. */
  run(program: string, args: readonly string[]): Promise<string>;
}

const RUN_MS = 5_000;

const THIS_MACHINE: PowerReader = {
  platform: process.platform,
  suppliesDirectory: "/sys/class/power_supply",
  run: async (program, args) => (await promisify(execFile)(program, args, { timeout: RUN_MS })).stdout,
};

/** undefined if it cannot be found out, as on Windows, where only a slow program would tell. */
export async function runsOnBattery(reader: PowerReader = THIS_MACHINE): Promise<boolean | undefined> {
  try {
    if (reader.platform === "linux") return await linuxRunsOnBattery(reader.suppliesDirectory);
    if (reader.platform === "darwin")
      return /drawing from 'Battery Power'/.test(await reader.run("pmset", ["-g", "batt"]));
  } catch {
    // A container without the folder, or a system without the program.
  }
  return undefined;
}

async function linuxRunsOnBattery(directory: string): Promise<boolean> {
  const supplies = await Promise.all(
    (await readdir(directory)).map(async name => {
      const read = async (file: string) =>
        (await readFile(join(directory, name, file), "utf8").catch(() => "")).trim();
      const [type, scope, status, online] = await Promise.all(
        ["type", "scope", "status", "online"].map(read),
      );
      return { type, scope, status, online };
    }),
  );
  // The batteries of mice and headsets have the scope of a device.
  const batteries = supplies.filter(({ type, scope }) => type === "Battery" && scope !== "Device");
  const isPluggedIn = supplies.some(({ type, online }) => type === "Mains" && online === "1");
  return !isPluggedIn && batteries.some(({ status }) => status === "Discharging");
}
