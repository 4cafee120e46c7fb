import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyEnvironment } from "../../../extension/proxyEnvironment.ts";

const standard = { proxy: "", noProxy: [], proxySupport: "override", systemCertificates: false };

test("without settings the environment stays as it is", () => {
  const environment = { PATH: "/bin", HTTPS_PROXY: "http://proxy.test:1", no_proxy: "a.test" };
  assert.deepEqual(proxyEnvironment(standard, environment), environment);
});

test("a proxy in the settings replaces those of the environment, in either case", () => {
  const environment = {
    HTTPS_PROXY: "http://old.test",
    http_proxy: "http://old.test",
    All_Proxy: "x",
    NO_PROXY: "a.test",
  };
  assert.deepEqual(proxyEnvironment({ ...standard, proxy: "http://new.test:3128" }, environment), {
    NO_PROXY: "a.test",
    http_proxy: "http://new.test:3128",
    https_proxy: "http://new.test:3128",
  });
});

test("where proxies are off, none is used", () => {
  const off = { ...standard, proxySupport: "off" };
  for (const proxy of ["http://new.test", ""])
    assert.deepEqual(proxyEnvironment({ ...off, proxy }, { HTTPS_PROXY: "http://old.test", HOME: "/h" }), {
      HOME: "/h",
    });
});

test("hosts without a proxy are listed, and the system's certificates trusted unless the environment says otherwise", () => {
  const settings = { ...standard, noProxy: ["a.test", ".b.test"], systemCertificates: true };
  assert.deepEqual(proxyEnvironment(settings, {}), { no_proxy: "a.test,.b.test", NODE_USE_SYSTEM_CA: "1" });
  assert.equal(proxyEnvironment(settings, { NODE_USE_SYSTEM_CA: "0" }).NODE_USE_SYSTEM_CA, "0");
});
