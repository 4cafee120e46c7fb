/** Why llama.cpp's libraries do not open on a system, and what its user can do. */
import type { EngineProblem } from "./engine.ts";

export const REINSTALL = "Reinstall Foretoken; if it persists, report it with this message.";

/** The system that the libraries are opened on. */
interface System {
  readonly platform: string;
  readonly architecture: string;
  /** Version of glibc; undefined where there is none. */
  readonly glibc: string | undefined;
}

/** Systems whose libraries are new enough. */
const NEWER_SYSTEM =
  "Use a system of 2022 or later, such as Ubuntu 22.04, Debian 12 or Red Hat Enterprise Linux 9, or a container made from one.";

/** Beginning of koffi's message if the system's loader has failed, not the search for the file. */
const LOADER = "Failed to load shared library";

/** The problem for what the system's loader says. */
export function unopened(said: string, system: System = thisSystem()): EngineProblem {
  const { platform, architecture, glibc } = system;
  const problem = (message: string, remedy: string): EngineProblem => ({
    code: "backendMissing",
    message,
    remedy,
  });
  if (platform === "linux" && glibc === undefined)
    return problem(
      `llama.cpp's libraries need glibc, which this system does not have: ${said}.`,
      NEWER_SYSTEM,
    );
  const needed = /version [`'](GLIBC(?:XX)?)_([\d.]+)' not found/.exec(said);
  if (needed) {
    const library = needed[1] === "GLIBC" ? "glibc" : "libstdc++";
    const own = library === "glibc" ? `, which has glibc ${glibc}` : "";
    return problem(
      `llama.cpp's libraries need ${library} ${needed[2]} and are too new for this system${own}.`,
      NEWER_SYSTEM,
    );
  }
  const message = `llama.cpp could not be loaded: ${said}.`;
  const missing = /(lib[\w+.-]+): cannot open shared object file: No such file/.exec(said)?.[1];
  if (missing && !/llama|ggml/.test(missing))
    return problem(message, `Install ${missing} with the system's package manager, then restart Foretoken.`);
  if (/failed to map segment|Permission denied|Operation not permitted/i.test(said))
    return problem(
      message,
      "Programs must be allowed to run from that folder: check its permissions, and that it is not mounted with noexec.",
    );
  if (/incompatible architecture|wrong ELF class|invalid ELF header|not a valid Win32/i.test(said))
    return problem(message, `Install the package of Foretoken that is made for ${platform}-${architecture}.`);
  if (platform === "win32" && said.startsWith(LOADER))
    return problem(
      message,
      `Install Microsoft's Visual C++ Redistributable for ${architecture}, then restart Foretoken.`,
    );
  return problem(message, REINSTALL);
}

function thisSystem(): System {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return { platform: process.platform, architecture: process.arch, glibc: header?.glibcVersionRuntime };
}
