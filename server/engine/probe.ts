/** A process that asks node-llama-cpp for the best back end of this machine and reports it to its parent. */
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

// Whoever asked has ended: a driver that hangs in a process that this one has started would keep it for ever.
process.on("disconnect", () =>
  process.kill(process.platform === "win32" ? process.pid : -process.pid, "SIGKILL"),
);

const llama = await getLlama({
  gpu: "auto",
  build: "never",
  skipDownload: true,
  logLevel: LlamaLogLevel.disabled,
});
// A driver that finds no card, such as Mesa's for processors, still loads; its libraries would compute on the CPU.
const devices = llama.gpu ? await llama.getGpuDeviceNames() : [];
const answer = llama.gpu && devices.length > 0 ? llama.gpu : "cpu";
if (process.send) process.send(answer, () => process.exit(0));
else {
  process.stdout.write(`${answer}\n`);
  process.exit(0);
}
