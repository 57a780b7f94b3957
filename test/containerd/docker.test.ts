import { describe, expect, test } from "vitest";
import { kataRuntime } from "../support/containerd.ts";
import { useDocker } from "../support/docker-suite.ts";
import { until } from "../support/until.ts";

const service = 'trap "echo bye; exit 0" TERM; echo started; while :; do sleep 1 & wait $!; done';
const webServer = 'mkdir /www; echo "served by $HOSTNAME" > /www/index.html; exec httpd -f -p 80 -h /www';
const memoryLimit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null";

describe("Docker 26", () => {
  const docker = useDocker("26");

  // Where runc passes, a test that kata fails tells about kata.
  describe.each([
    { name: "runc", flags: [] },
    { name: "kata", flags: ["--runtime", kataRuntime] },
  ])("with $name", ({ name, flags }) => {
    const out = async (...arguments_: string[]) => (await docker().must(arguments_)).stdout;
    const run = (...arguments_: string[]) => ["run", ...flags, ...arguments_];
    const inspect = async (container: string, format: string) => (await out("inspect", "-f", format, container)).trim();

    test("`docker run --rm` passes input, both outputs and the exit code", async () => {
      const command = run("--rm", "-i", "busybox", "sh", "-c", "cat; echo err >&2; exit 7");
      const { code, stdout, stderr } = await docker().run(command, { input: "in\n" });
      expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "in\n", stderr: "err\n" });
    });

    test("a program that is not there is exit code 127, with its name", async () => {
      const { code, stderr } = await docker().run(run("--rm", "--network", "none", "busybox", "no-such-program"));
      expect(stderr).toContain('exec: "no-such-program": executable file not found in $PATH');
      expect(code).toBe(127);
    });

    test("a terminal has its size, follows a resize and passes Ctrl-C on", async () => {
      const { code, output, failed } = await docker().terminal(
        run("--rm", "-it", "--network", "none", "busybox", "sh"),
        [
          { expect: "# ", timeout: 60 },
          { send: "stty size\r" },
          { expect: "24 80", timeout: 60 },
          { resize: [40, 132] },
          { send: "until stty size | grep 132; do sleep 0.1; done\r" },
          { expect: "40 132", timeout: 60, remind: true },
          // The program itself says when the terminal is its own.
          { send: "sh -c 'echo go; exec sleep 1000'\r" },
          { expect: "go\r\n", timeout: 60 },
          { send: "\x03" },
          { expect: "# ", timeout: 60 },
          { send: "exit 5\r" },
        ],
      );
      expect({ failed, output }).toEqual({ failed: null, output });
      expect(code).toBe(5);
    });

    test("a service is followed, entered, stopped, started again and killed", async () => {
      await docker().must(
        run("-d", "--name", "service", "--network", "none", "-m", "128m", "busybox", "sh", "-c", service),
      );
      const logged = (text: string) =>
        until(`${text} in the log`, async () => ((await out("logs", "service")) === text ? true : undefined));
      await logged("started\n");

      const entered = await docker().run(["exec", "-i", "service", "sh", "-c", "cat; exit 5"], { input: "typed" });
      expect(entered).toMatchObject({ code: 5, stdout: "typed", stderr: "" });
      expect((await docker().run(["exec", "service", "sh", "-c", memoryLimit])).stdout).toBe(`${128 << 20}\n`);
      const first = await inspect("service", "{{.State.Pid}}");
      expect(Number(first)).toBeGreaterThan(1);

      await docker().must(["stop", "-t", "30", "service"]);
      expect(await inspect("service", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 0");
      expect(await out("logs", "service")).toBe("started\nbye\n");

      await docker().must(["restart", "service"]);
      await logged("started\nbye\nstarted\n");
      expect(await inspect("service", "{{.State.Pid}}")).not.toBe(first);
      await docker().must(["kill", "service"]);
      expect(await out("wait", "service")).toBe("137\n");
      await docker().must(["rm", "service"]);
    });

    test("a published port is reached from the host, and containers reach each other and the host", async () => {
      const web = ["-d", "--name", "web", "--hostname", "web", "-p", "8080:80"];
      await docker().must(run(...web, "busybox", "sh", "-c", webServer));
      const served = async (url: string) => (await docker().node.run(["busybox", "wget", "-qO-", url])).stdout;
      const address = await inspect("web", "{{.NetworkSettings.IPAddress}}");
      const page = "served by web\n";
      await until("the service", async () => ((await served(`http://${address}/`)) === page ? true : undefined));
      expect(await served("http://127.0.0.1:8080/")).toBe(page);

      const asked = `ip -o -4 addr show eth0; ip route; wget -qO- http://${address}/ && wget -qO- http://web/`;
      const { stdout } = await docker().must(run("--rm", "--link", "web", "busybox", "sh", "-c", asked));
      expect(stdout).toContain(page + page);
      expect(stdout).toMatch(/inet 172\.17\.0\.\d+\/16 /);
      expect(stdout).toMatch(/default via 172\.17\.0\.1 dev eth0/);
      await docker().must(["rm", "-f", "web"]);
    });

    if (name !== "kata") return;
    test("the VMM stands for the container's processes", async () => {
      await docker().must(run("-d", "--name", "one", "--network", "none", "busybox", "sleep", "1000"));
      const pid = await inspect("one", "{{.State.Pid}}");
      expect(await out("top", "one", "-o", "pid,comm")).toMatch(new RegExp(`${pid} +qemu-system`));
      await docker().must(["rm", "-f", "one"]);
    });
  });
});

// It makes the network only when the container exists, between create and start.
describe("Docker 28", () => {
  const docker = useDocker("28");

  test.each([
    { name: "runc", flags: [] },
    { name: "kata", flags: ["--runtime", kataRuntime] },
  ])("a container with $name has two networks", async ({ flags }) => {
    const must = (...arguments_: string[]) => docker().must(arguments_);
    await must("network", "create", "--subnet", "172.31.0.0/16", "other");
    try {
      const asked = "ip -o -4 addr show; ip route; ping -c 1 -W 20 172.17.0.1 && ping -c 1 -W 20 172.31.0.1";
      await must("create", "--name", "two", ...flags, "busybox", "sh", "-c", asked);
      await must("network", "connect", "other", "two");
      const { stdout } = await must("start", "-a", "two");
      expect(stdout).toMatch(/eth\d +inet 172\.17\.\d+\.\d+\/16 /);
      expect(stdout).toMatch(/eth\d +inet 172\.31\.\d+\.\d+\/16 /);
      expect(stdout).toMatch(/default via 172\.17\.0\.1 dev eth\d/);
    } finally {
      await docker().removeContainers();
      await must("network", "rm", "other");
    }
  });
});
