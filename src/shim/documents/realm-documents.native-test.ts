import { expect, test } from "../../../test/native/runner.ts";
import { KataError } from "../../base/error.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import { realmDocuments } from "./realm-documents.ts";

const config = {
  ociVersion: "1.0.2",
  process: { cwd: "/", args: ["true"] },
  root: { path: "rootfs" },
  annotations: { proto_key: "1", constructor: "2" },
  linux: { resources: { memory: { limit: 9007199254740992 } } },
};

test("realmDocuments reads a bundle: numbers beyond a double, and keys that are nothing special", ({
  sys,
  tempDir,
}) => {
  const dir = tempDir();
  const text = JSON.stringify(config);
  const json = text.replace("9007199254740992", "9007199254740993").replace("proto_key", "__proto__");
  sys.writeFile(`${dir}/config.json`, json);
  const { spec, rootPath, path } = realmDocuments.bundle(dir);
  expect(path).toBe(dir);
  expect(rootPath).toBe(`${dir}/rootfs`);
  expect(spec.linux.resources?.memory?.limit).toBe(9007199254740993n);
  expect(Object.keys(spec.annotations).sort()).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(spec.annotations)).toBe(null);
  expect(spec.linux.sysctl.toString).toBe(undefined);
});

test("realmDocuments passes a KataError on with everything that it says", ({ tempDir }) => {
  const dir = tempDir();
  let thrown: unknown;
  try {
    realmDocuments.config(`${dir}/missing.toml`, {});
  } catch (error) {
    thrown = error;
  }
  expect(thrown instanceof KataError).toBe(true);
  const { code, stage, message, hint, cause } = thrown as KataError;
  expect(code).toBe("not-found");
  expect(stage).toBe("load-config");
  expect(message).toBe(`Configuration file ${dir}/missing.toml does not exist`);
  expect(hint?.startsWith("Name a readable file")).toBe(true);
  expect((cause as Error).message.includes("ENOENT")).toBe(true);
});

test("realmDocuments remembers a configuration until a file changes", ({ sys, tempDir }) => {
  const dir = tempDir();
  const path = `${dir}/c.toml`;
  sys.writeFile(path, '[hypervisor.qemu]\nkernel = "/k"\ninitrd = "/i"\ndefault_memory = 300\n');
  const timed = () => {
    const startedAt = sys.nowMs();
    expect(realmDocuments.config(path, {}).hypervisor.defaultMemoryMib).toBe(300);
    return sys.nowMs() - startedAt;
  };
  const first = timed();
  expect(Math.min(timed(), timed(), timed())).toBeLessThan(first);
  sys.mkdir(`${dir}/config.d`);
  sys.writeFile(`${dir}/config.d/a.toml`, "[hypervisor.qemu]\ndefault_memory = 301\n");
  expect(realmDocuments.config(path, {}).hypervisor.defaultMemoryMib).toBe(301);
});

test("realmDocuments hands annotations to the gate", ({ sys, tempDir }) => {
  const path = `${tempDir()}/c.toml`;
  sys.writeFile(path, '[hypervisor.qemu]\ninitrd = "/i"\nenable_annotations = ["default_memory"]\n');
  const name = "io.katacontainers.config.hypervisor.default_memory";
  expect(realmDocuments.config(path, { [name]: "333" }).hypervisor.defaultMemoryMib).toBe(333);
  expect(() => realmDocuments.config(path, { [name]: "1e3" })).toThrow(name);
  expect(realmDocuments.config(path, {}).hypervisor.defaultMemoryMib).toBe(2048);
});

test("inRealm() leaves nothing behind", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.writeFile(`${dir}/config.json`, JSON.stringify({ ...config, annotations: {} }));
  const pages = () => Number(sys.readText("/proc/self/statm").split(" ")[1]);
  const readOften = () => {
    for (let round = 0; round < 60; round++) realmDocuments.bundle(dir);
  };
  readOften();
  const before = pages();
  readOften();
  // The engine collects when it sees fit; each realm takes half a megabyte until then. A sanitizer keeps freed memory for
  // a while, and looks for leaks itself.
  const sanitized = sys.readText("/proc/self/maps").includes("libasan");
  expect(pages() - before).toBeLessThan(sanitized ? 65536 : 5000);
});

test("inRealm() throws what goes wrong in the realm", () => {
  expect(() => inRealm("nothing.js", {})).toThrow("no module nothing.js");
  expect(() => inRealm("bundle.js", () => undefined)).toThrow();
  expect(() => inRealm("bundle.js", undefined)).toThrow();
  expect(() => inRealm("prelude.js", {})).toThrow("not a function");
});
