import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { KataError } from "../../base/error.ts";
import { inRealm } from "../../sys/linux/realm.ts";
import { packAny } from "../../wire/any.ts";
import { PodSandboxConfig } from "../../wire/gen/cri/v1/pod_sandbox.ts";
import { directPlanner } from "./direct.ts";
import type { PodQuestion, SandboxPlan, TaskQuestion } from "./planner.ts";
import { realmPlanner } from "./realm-planner.ts";

const config = {
  ociVersion: "1.0.2",
  process: { cwd: "/", args: ["true"] },
  root: { path: "rootfs" },
  annotations: { proto_key: "1", constructor: "2" },
  linux: { resources: { memory: { limit: 9007199254740992 } } },
};
const memoryAnnotation = "io.katacontainers.config.hypervisor.default_memory";
const files = '[hypervisor.qemu]\nkernel = "/k"\ninitrd = "/i"\n';

/** A bundle with a root file system, and a configuration beside it. */
function bundle({ sys, tempDir }: TestContext, json: string, toml = files) {
  const path = tempDir();
  sys.mkdir(`${path}/rootfs`);
  sys.writeFile(`${path}/config.json`, json);
  const configPath = `${path}/c.toml`;
  sys.writeFile(configPath, toml);
  const task: TaskQuestion = { id: "web", bundle: path, rootfs: [], configPath, podId: undefined };
  const pod: PodQuestion = { bundle: path, netnsPath: "", annotations: {}, options: undefined, configPath };
  return { path, configPath, task, pod };
}

/** A specification with annotations, and without the limit that no VM can hold. */
const withAnnotations = (annotations: object, changes: object = {}) =>
  JSON.stringify({ ...config, linux: {}, annotations, ...changes });

test("realmPlanner.task() reads a bundle: numbers beyond a double, and keys that are nothing special", (context) => {
  const text = JSON.stringify(config);
  const json = text.replace("9007199254740992", "9007199254740993").replace("proto_key", "__proto__");
  const { path, task } = bundle(context, json);
  const { container, place } = realmPlanner.task({ ...task, podId: "pod1" });
  expect(place).toEqual({ kind: "pod", sandboxId: "pod1" });
  expect(container.bundle).toBe(path);
  expect(container.kind === "guest" && container.rootfs).toEqual([
    { kind: "bind", source: `${path}/rootfs`, recursive: true, readOnly: false },
  ]);
  const { spec } = container;
  expect(spec.linux.resources?.memory?.limit).toBe(9007199254740993n);
  expect(Object.keys(spec.annotations).sort()).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(spec.annotations)).toBe(null);
  expect(spec.linux.sysctl.toString).toBe(undefined);
});

const mounts = [
  { destination: "/data", type: "bind", source: "/usr", options: ["rbind", "ro"] },
  { destination: "/dev/shm", type: "bind", source: "/dev/shm", options: ["rbind"] },
  { destination: "/etc/resolv.conf", type: "bind", source: "/proc/version", options: ["bind"] },
];
const hooks = { startContainer: [{ path: "/bin/true" }] };

for (const [name, json] of [
  ["a single container", withAnnotations({}, { mounts, hooks, hostname: "h" })],
  ["a pod's own container", withAnnotations({ "io.kubernetes.cri.container-type": "sandbox" }, { mounts })],
  [
    "a container of a pod",
    withAnnotations({ "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "p" }),
  ],
] as const) {
  test(`realmPlanner.task() plans as directPlanner() does: ${name}`, (context) => {
    const { task } = bundle(context, json);
    const plan = realmPlanner.task(task);
    expect(timeless(plan.place)).toEqual(timeless(directPlanner(context.sys).task(task).place));
    expect(plan.container).toEqual(directPlanner(context.sys).task(task).container);
    expect(plan.notes).toEqual(directPlanner(context.sys).task(task).notes);
  });
}

for (const [name, change] of [
  ["a bundle", () => ({})],
  ["a network namespace and annotations", () => ({ netnsPath: "/run/netns/x", annotations: { other: "1" } })],
  [
    "a pod's configuration",
    ({ sys, tempDir }: TestContext) => {
      const path = tempDir();
      sys.writeFile(`${path}/c.toml`, files);
      const pod = PodSandboxConfig.create({ hostname: "pod", dnsConfig: { servers: ["192.0.2.1"] } });
      return { bundle: path, options: packAny(PodSandboxConfig, pod) };
    },
  ],
] as const) {
  test(`realmPlanner.pod() plans as directPlanner() does: ${name}`, (context) => {
    const question = { ...bundle(context, withAnnotations({})).pod, ...change(context) };
    const plan = realmPlanner.pod(question);
    expect(timeless(plan)).toEqual(timeless(directPlanner(context.sys).pod(question)));
    expect(plan.facts.hostname).toBe(name === "a pod's configuration" ? "pod" : "");
  });
}

/** A plan, or the place of a task, without what differs each time. */
function timeless<T extends object>(plan: T): T {
  if ("sandbox" in plan) return { ...plan, sandbox: timeless(plan.sandbox as SandboxPlan) };
  return "configMs" in plan ? { ...plan, configMs: 0 } : plan;
}

test("realmPlanner passes a KataError on with everything that it says", (context) => {
  const { path, task } = bundle(context, withAnnotations({}));
  let thrown: unknown;
  try {
    realmPlanner.task({ ...task, configPath: `${path}/missing.toml` });
  } catch (error) {
    thrown = error;
  }
  expect(thrown instanceof KataError).toBe(true);
  const { code, stage, message, hint, cause } = thrown as KataError;
  expect(code).toBe("not-found");
  expect(stage).toBe("load-config");
  expect(message).toBe(`Configuration file ${path}/missing.toml does not exist`);
  expect(hint?.startsWith("Name a readable file")).toBe(true);
  expect((cause as Error).message.includes("ENOENT")).toBe(true);
});

test("realmPlanner remembers a configuration until a file changes", (context) => {
  const { sys } = context;
  const { path, pod } = bundle(context, withAnnotations({}), `${files}default_memory = 300\n`);
  const timed = () => {
    const { config: loaded, configMs } = realmPlanner.pod(pod);
    expect(loaded.hypervisor.defaultMemoryMib).toBe(300);
    return configMs;
  };
  const first = timed();
  expect(Math.min(timed(), timed(), timed())).toBeLessThan(first);
  sys.mkdir(`${path}/config.d`);
  sys.writeFile(`${path}/config.d/a.toml`, "[hypervisor.qemu]\ndefault_memory = 301\n");
  expect(realmPlanner.pod(pod).config.hypervisor.defaultMemoryMib).toBe(301);
});

test("realmPlanner hands annotations to the gate", (context) => {
  const { pod } = bundle(context, withAnnotations({}), `${files}enable_annotations = ["default_memory"]\n`);
  const memory = (annotations: Record<string, string>) =>
    realmPlanner.pod({ ...pod, annotations }).config.hypervisor.defaultMemoryMib;
  expect(memory({ [memoryAnnotation]: "333" })).toBe(333);
  expect(() => memory({ [memoryAnnotation]: "1e3" })).toThrow(memoryAnnotation);
  expect(memory({})).toBe(2048);
});

test("inRealm() leaves nothing behind", (context) => {
  const { sys } = context;
  const { task } = bundle(context, withAnnotations({}));
  const pages = () => Number(sys.readText("/proc/self/statm").split(" ")[1]);
  const planOften = () => {
    for (let round = 0; round < 60; round++) realmPlanner.task({ ...task, podId: "pod1" });
  };
  planOften();
  const before = pages();
  planOften();
  // The engine collects when it sees fit; each realm takes half a megabyte until then. A sanitizer keeps freed memory for
  // a while, and looks for leaks itself.
  const sanitized = sys.readText("/proc/self/maps").includes("libasan");
  expect(pages() - before).toBeLessThan(sanitized ? 65536 : 5000);
});

test("inRealm() throws what goes wrong in the realm", () => {
  expect(() => inRealm("nothing.js", {})).toThrow("no module nothing.js");
  expect(() => inRealm("task.js", () => undefined)).toThrow();
  expect(() => inRealm("qemu.js", undefined)).toThrow();
  expect(() => inRealm("prelude.js", {})).toThrow("not a function");
});
