/** Whether a machine may have an NVIDIA card that computes: CUDA is of no use without the card's driver. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where NVIDIA's driver puts its library, by platform. */
const DRIVER_FILES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    "/proc/driver/nvidia/version",
    "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
    "/usr/lib64/libcuda.so.1",
    "/usr/lib/libcuda.so.1",
    "/usr/lib/wsl/lib/libcuda.so.1",
  ],
  win32: [join(process.env.SystemRoot ?? "C:\\Windows", "System32", "nvcuda.dll")],
};

/** Whether the driver of an NVIDIA card is installed. */
export const hasNvidiaDriver = (files = DRIVER_FILES[process.platform] ?? []): boolean =>
  files.some(file => existsSync(file));
