import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { containerdVersions, kataRuntime } from "../support/containerd.ts";
import { type CriSuite, criSuite } from "../support/cri/suite.ts";
import { repository } from "../support/kata-ctl.ts";
import { expectNoLeaks, snapshotHost } from "../support/leak-check.ts";

// What a pod's annotations do to its VM, through the kubelet's interface: the operator's drop-in decides.

const hypervisor = "io.katacontainers.config.hypervisor";
const sleep = "trap 'exit 0' TERM; while :; do sleep 1; done";

/** The hash that upstream's tools would write into a pod's annotations. */
function hashOf(file: string): string {
  return createHash("sha512")
    .update(readFileSync(path.join(repository, "out/guest", file)))
    .digest("hex");
}

criSuite(containerdVersions, scenarios, { handlers: ["kata"] });
// The shim makes the pod itself, from what containerd sends instead of a pod's config.json.
criSuite(["2.1"], scenarios, { handlers: ["kata"], sandboxer: "shim" });

function scenarios(suite: CriSuite): void {
  afterEach(() => rmSync(dropIns(suite), { recursive: true, force: true }));

  test("an annotation that the operator allows changes the VM", async () => {
    allow(suite, ["^default_(vcpus|memory)$", "^kernel_params$"]);
    const annotations = {
      [`${hypervisor}.default_vcpus`]: "2",
      [`${hypervisor}.default_memory`]: "640",
      [`${hypervisor}.kernel_params`]: "kata.test=pod",
      "example.com/unrelated": "stays away",
    };
    const pod = await suite.runPod({ annotations });
    const container = await pod.run("one", sleep, { annotations: { [resource("swappiness")]: "60" } });
    expect(await container.sh("nproc")).toBe("2");
    const memoryMib = Number(await container.sh("awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo"));
    expect(memoryMib).toBeGreaterThan(580);
    expect(memoryMib).toBeLessThan(640);
    expect(await container.sh("cat /proc/cmdline")).toContain(" kata.test=pod");
    await pod.remove();
  });

  test("an annotation that he does not allow is refused by name and rule, and nothing is left", async () => {
    const before = snapshotHost();
    const name = `${hypervisor}.default_vcpus`;
    const message = await refusal(suite, { [name]: "2" });
    expect(message).toContain(`annotation ${name}  hypervisor.qemu.default_vcpus: is not allowed here`);
    expect(message).toContain('no expression of enable_annotations in [hypervisor.qemu] matches "default_vcpus"');
    await expectNoLeaks(before, { settleMs: 10_000 });
  });

  test("a pod starts from a kernel with the hash that it demands, and from no other", async () => {
    allow(suite, ["_hash$"]);
    const pod = await suite.runPod({ annotations: { [`${hypervisor}.kernel_hash`]: hashOf("vmlinux") } });
    const container = await pod.run("one", sleep);
    expect(await container.sh("echo fine")).toBe("fine");
    await pod.remove();

    const before = snapshotHost();
    const message = await refusal(suite, { [`${hypervisor}.kernel_hash`]: hashOf("initrd.img") });
    expect(message).toMatch(
      /The kernel .*vmlinux.* has SHA-512 [0-9a-f]{16}\.\.\., not [0-9a-f]{16}\.\.\. as demanded/,
    );
    await expectNoLeaks(before, { settleMs: 10_000 });
  });

  test("`ctr run --annotation` does the same for a container without a pod", async () => {
    const { containerd, image } = suite.host;
    const run = (annotation: string) => {
      const flags = ["--rm", "--annotation", annotation, "--runtime", kataRuntime];
      return containerd.ctr(["-n", "k8s.io", "run", ...flags, image, "single", "cat", "/proc/cmdline"]);
    };
    const refused = await run(`${hypervisor}.kernel_params=kata.test=ctr`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`annotation ${hypervisor}.kernel_params  hypervisor.qemu.kernel_params: is not`);
    await containerd.ctr(["-n", "k8s.io", "containers", "rm", "single"]);
    allow(suite, ["^kernel_params$"]);
    const allowed = await run(`${hypervisor}.kernel_params=kata.test=ctr`);
    expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining(" kata.test=ctr") });
  });

  test("a container's swap is limited by its annotation, and refused below its memory", async () => {
    const pod = await suite.runPod();
    const resources = { memoryLimitInBytes: 64n << 20n };
    const run = (name: string, bytes: number) =>
      pod.run(name, sleep, {
        annotations: { [resource("swap_in_bytes")]: String(bytes) },
        linux: { resources },
      });
    const container = await run("one", 96 << 20);
    expect(await container.sh("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.swap.max")).toBe(
      `${64 << 20}\n${32 << 20}`,
    );
    await expect(run("two", 1 << 20)).rejects.toThrow(
      /swap_in_bytes .*must not be below the container's limit of 67108864 bytes; got 1048576/,
    );
    await pod.remove();
  });
}

function resource(name: string): string {
  return `io.katacontainers.container.resource.${name}`;
}

function dropIns({ host }: CriSuite): string {
  return path.join(host.directory, "config.d");
}

/** Lets pods set what matches, from the next pod on. */
function allow(suite: CriSuite, expressions: readonly string[]): void {
  mkdirSync(dropIns(suite), { recursive: true });
  const text = `[hypervisor.qemu]\nenable_annotations = ${JSON.stringify(expressions)}\n`;
  writeFileSync(path.join(dropIns(suite), "50-pods.toml"), text);
}

/** What the client is told about a pod that does not start. */
async function refusal(suite: CriSuite, annotations: Readonly<Record<string, string>>): Promise<string> {
  const error: unknown = await suite.runPod({ annotations }).then(
    () => new Error("The pod was started"),
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error.message : String(error);
}
