import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ContainerOptions, Pod, PodContainer } from "../support/cri/pod.ts";
import { profileType } from "../support/cri/pod-messages.ts";
import { criSuite, fullSetVersion } from "../support/cri/suite.ts";
import { until } from "../support/until.ts";

// What a container of a pod is given: files, environment, user and rights. One pod serves all scenarios.

criSuite([fullSetVersion], (suite) => {
  let pod: Pod;
  let files: string;
  let counter = 0;
  const runContainer = (options: ContainerOptions = {}): Promise<PodContainer> =>
    pod.run(`c${++counter}`, "trap 'exit 0' TERM; while :; do sleep 1; done", options);

  beforeAll(async () => {
    pod = await suite.runPod();
    files = path.join(suite.host.directory, `files-${suite.handler}`);
    mkdirSync(files, { recursive: true });
  });

  test("environment, working directory and arguments", async () => {
    const container = await pod.run(`c${++counter}`, "", {
      command: ["sh", "-c"],
      args: ['echo "$GREETING in $PWD with $0"; exit 3', "zero"],
      envs: [{ key: "GREETING", value: "hello, wörld" }],
      workingDir: "/tmp",
    });
    expect(await container.ended()).toMatchObject({ exitCode: 3 });
    expect(container.logs().map(({ text }) => text)).toEqual(["hello, wörld in /tmp with zero"]);
  });

  test("log lines keep their stream and order; a line without an end is marked", async () => {
    const script = "for i in 1 2 3; do echo out $i; done; printf partial; sleep 0.2; echo err >&2; sleep 0.2";
    const container = await pod.run(`c${++counter}`, script);
    await container.ended();
    const lines = container.logs();
    for (const { time } of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/);
    const ofStream = (name: string) => lines.filter(({ stream }) => stream === name);
    expect(ofStream("stdout").map(({ tag, text }) => `${tag} ${text}`)).toEqual([
      "F out 1",
      "F out 2",
      "F out 3",
      "P partial",
    ]);
    expect(ofStream("stderr").map(({ tag, text }) => `${tag} ${text}`)).toEqual(["F err"]);
    await container.remove();
  });

  test("a log is reopened after it was moved away", async () => {
    const container = await pod.run(`c${++counter}`, "while :; do echo tick; sleep 0.1; done");
    await container.logged("tick");
    container.rotateLog();
    await suite.host.call("ReopenContainerLog", { containerId: container.id });
    await container.logged("tick");
    await container.stop();
    await container.remove();
  });

  describe("files of the host", () => {
    test("a directory that is read-only, as for a config map", async () => {
      const hostPath = path.join(files, "config");
      mkdirSync(path.join(hostPath, "sub"), { recursive: true });
      writeFileSync(path.join(hostPath, "key"), "value");
      const container = await runContainer({ mounts: [{ hostPath, containerPath: "/etc/config", readonly: true }] });
      expect(await container.sh("cat /etc/config/key; ls /etc/config")).toBe("valuekey\nsub");
      expect((await container.exec(["touch", "/etc/config/new"])).stderr).toMatch(/Read-only file system/);
      writeFileSync(path.join(hostPath, "key"), "changed");
      // The guest may take a file's size from its memory for a second (virtio_fs_cache = "auto").
      await until(
        "the new content",
        async () => (await container.sh("cat /etc/config/key")) === "changed" || undefined,
      );
      await container.stop();
      await container.remove();
    });

    test("a file and a directory that are written to, by two containers", async () => {
      const directory = path.join(files, "data");
      const file = path.join(files, "termination-log");
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, "");
      const mounts = [
        { hostPath: directory, containerPath: "/data" },
        { hostPath: file, containerPath: "/dev/termination-log" },
      ];
      const one = await runContainer({ mounts });
      const two = await runContainer({ mounts });
      await one.sh("echo from one > /data/shared");
      expect(await two.sh("cat /data/shared")).toBe("from one");
      await two.sh("printf 'the reason' > /dev/termination-log");
      expect(readFileSync(file, "utf8")).toBe("the reason");
      expect(readFileSync(path.join(directory, "shared"), "utf8")).toBe("from one\n");
      for (const container of [one, two]) {
        await container.stop();
        await container.remove();
      }
    });
  });

  describe("security", () => {
    test("a read-only root file system", async () => {
      const container = await runContainer({ linux: { securityContext: { readonlyRootfs: true } } });
      expect((await container.exec(["touch", "/new"])).stderr).toMatch(/Read-only file system/);
      expect(await container.sh("touch /dev/shm/new && echo shm")).toBe("shm");
      await container.stop();
      await container.remove();
    });

    test("user, groups, capabilities and no new privileges", async () => {
      const container = await runContainer({
        linux: {
          securityContext: {
            runAsUser: { value: 1234n },
            runAsGroup: { value: 2345n },
            supplementalGroups: [3456n],
            capabilities: { dropCapabilities: ["ALL"] },
            noNewPrivs: true,
          },
        },
      });
      expect(await container.sh("id -u; id -g; id -G")).toBe("1234\n2345\n2345 3456");
      const status = await container.sh("grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -s '\\t' ' '");
      expect(status).toBe("CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1");
      await container.stop();
      await container.remove();
    });

    test("capabilities that are added", async () => {
      const capabilities = { dropCapabilities: ["ALL"], addCapabilities: ["NET_ADMIN", "SYS_TIME"] };
      const container = await runContainer({ linux: { securityContext: { capabilities } } });
      const netAdmin = 1n << 12n;
      const sysTime = 1n << 25n;
      const effective = await container.sh("sed -n 's/^CapEff:\\t//p' /proc/self/status");
      expect(BigInt(`0x${effective}`)).toBe(netAdmin | sysTime);
      await container.stop();
      await container.remove();
    });

    test("the default seccomp profile, and none", async () => {
      const mode = async (type: number): Promise<string> => {
        const container = await runContainer({ linux: { securityContext: { seccomp: { profileType: type } } } });
        const found = await container.sh("sed -n 's/^Seccomp:\\t//p' /proc/self/status");
        await container.stop();
        await container.remove();
        return found;
      };
      expect(await mode(profileType.runtimeDefault)).toBe("2");
      expect(await mode(profileType.unconfined)).toBe("0");
    });

    test("paths that are masked or read-only", async () => {
      const container = await runContainer({
        linux: { securityContext: { maskedPaths: ["/proc/keys", "/sys/firmware"], readonlyPaths: ["/proc/sys"] } },
      });
      expect(await container.sh("cat /proc/keys; ls /sys/firmware | wc -l")).toBe("0");
      const write = await container.exec(["sh", "-c", "echo 1 > /proc/sys/kernel/panic"]);
      expect(write.stderr).toMatch(/Read-only file system/);
      await container.stop();
      await container.remove();
    });
  });

  describe("what cannot be run", () => {
    test("a missing program fails the start with its name, and leaves the pod as it was", async () => {
      const container = await pod.create(`c${++counter}`, "", { command: ["/no/such/program"] });
      await expect(container.start()).rejects.toThrow(/\/no\/such\/program.*no such file|no such file.*\/no\/such/s);
      expect(await container.status()).toMatchObject({ exitCode: 128, reason: "StartError" });
      await container.remove();
      const next = await runContainer();
      expect(await next.sh("echo fine")).toBe("fine");
      await next.stop();
      await next.remove();
    });
  });
});
