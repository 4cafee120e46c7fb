import assert from "node:assert/strict";
import { test } from "node:test";
import { unopened } from "../../../../server/engine/unopened.ts";

const debian = { platform: "linux", architecture: "x64", glibc: "2.31" };
const windows = { platform: "win32", architecture: "arm64", glibc: undefined };
const NEWER = /^Use a system of 2022 or later, such as Ubuntu 22\.04/;

test("on a system whose C library is too old the versions are named", () => {
  const said =
    "Failed to load shared library: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /x/libllama.so)";
  const { code, message, remedy } = unopened(said, debian);
  assert.equal(code, "backendMissing");
  assert.equal(
    message,
    "llama.cpp's libraries need glibc 2.34 and are too new for this system, which has glibc 2.31.",
  );
  assert.match(remedy, NEWER);
});

test("so is the version of the C++ library", () => {
  const said = "/lib64/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /x/libggml-base.so)";
  const { message, remedy } = unopened(said, debian);
  assert.equal(message, "llama.cpp's libraries need libstdc++ 3.4.29 and are too new for this system.");
  assert.match(remedy, NEWER);
});

test("a system without glibc is told from one where a file is missing", () => {
  const said =
    "Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /x/libllama.so)";
  const { message, remedy } = unopened(said, { ...debian, glibc: undefined });
  assert.match(message, /^llama\.cpp's libraries need glibc, which this system does not have: Error loading/);
  assert.match(remedy, NEWER);
});

test("a system library that is missing is to be installed, one of llama.cpp's comes with Foretoken", () => {
  const missing = (name: string) => `${name}: cannot open shared object file: No such file or directory`;
  assert.equal(
    unopened(missing("libstdc++.so.6"), debian).remedy,
    "Install libstdc++.so.6 with the system's package manager, then restart Foretoken.",
  );
  assert.match(unopened(missing("libggml-base.so"), debian).remedy, /^Reinstall Foretoken/);
});

test("a folder that programs may not run from is named in the message, and the remedy is its mount or permissions", () => {
  for (const why of [
    "failed to map segment from shared object",
    "cannot open shared object file: Permission denied",
  ]) {
    const { message, remedy } = unopened(`/home/me/libllama.so: ${why}`, debian);
    assert.match(message, /\/home\/me\/libllama\.so/);
    assert.match(remedy, /noexec/);
  }
});

test("the package of another platform is told from a damaged one", () => {
  const mac = { platform: "darwin", architecture: "arm64", glibc: undefined };
  const said =
    "libllama.dylib (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))";
  assert.match(unopened(said, mac).remedy, /made for darwin-arm64\.$/);
  assert.match(unopened("libllama.dylib: no such file", mac).remedy, /^Reinstall Foretoken/);
});

test("on Windows the remedy is the runtime that most often is missing, whatever language the system speaks", () => {
  const said = "Failed to load shared library: Das angegebene Modul wurde nicht gefunden";
  const { message, remedy } = unopened(said, windows);
  assert.equal(message, `llama.cpp could not be loaded: ${said}.`);
  assert.equal(remedy, "Install Microsoft's Visual C++ Redistributable for arm64, then restart Foretoken.");
  assert.match(unopened("C:\\x has no llama library", windows).remedy, /^Reinstall Foretoken/);
});

test("what is not known is to be reported", () => {
  assert.match(
    unopened("undefined symbol: x", debian).remedy,
    /^Reinstall Foretoken; if it persists, report it/,
  );
});
