import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type PowerReader, runsOnBattery } from "../../../../server/system/powerSource.ts";

const reader = (parts: Partial<PowerReader>): PowerReader => ({
  platform: "linux",
  suppliesDirectory: "/does/not/exist",
  run: async () => "",
  ...parts,
});

/** The result on Linux with these power supplies: by name, the files of each. */
async function onLinux(supplies: Record<string, Record<string, string>>): Promise<boolean | undefined> {
  const root = mkdtempSync(join(tmpdir(), "foretoken-power-"));
  try {
    for (const [name, files] of Object.entries(supplies)) {
      mkdirSync(join(root, name));
      for (const [file, content] of Object.entries(files))
        writeFileSync(join(root, name, file), `${content}\n`);
    }
    return await runsOnBattery(reader({ suppliesDirectory: root }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("a discharging battery without mains power means battery on Linux", async () => {
  const battery = { type: "Battery", status: "Discharging" };
  assert.equal(await onLinux({ AC: { type: "Mains", online: "0" }, BAT0: battery }), true);
  assert.equal(await onLinux({ AC: { type: "Mains", online: "1" }, BAT0: battery }), false);
  assert.equal(
    await onLinux({ AC: { type: "Mains", online: "1" }, BAT0: { ...battery, status: "Full" } }),
    false,
  );
  assert.equal(await onLinux({ BAT0: battery }), true);
  assert.equal(await onLinux({}), false, "a desktop");
});

test("the battery of a mouse is not the machine's", async () => {
  assert.equal(await onLinux({ mouse: { type: "Battery", scope: "Device", status: "Discharging" } }), false);
});

test("the power source on macOS is read from pmset", async () => {
  const says = (line: string) =>
    runsOnBattery(
      reader({ platform: "darwin", run: async () => `Now drawing from '${line}'\n -InternalBattery-0` }),
    );
  assert.equal(await says("Battery Power"), true);
  assert.equal(await says("AC Power"), false);
});

test("the power source is unknown where the platform does not report it", async () => {
  assert.equal(await runsOnBattery(reader({ platform: "win32" })), undefined);
  assert.equal(await runsOnBattery(reader({})), undefined, "no folder of supplies");
  const failing = async () => {
    throw new Error("no pmset");
  };
  assert.equal(await runsOnBattery(reader({ platform: "darwin", run: failing })), undefined);
});
