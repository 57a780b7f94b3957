import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestHost, testData } from "../support/kata-ctl.ts";
import { expectNoLeaks, type HostSnapshot, snapshotHost } from "../support/leak-check.ts";

let host: TestHost;
let before: HostSnapshot;

beforeAll(async () => {
  host = new TestHost();
  await host.loadDemoImage();
});
afterAll(() => host.remove());
beforeEach(() => {
  before = snapshotHost();
});
afterEach(() => expectNoLeaks(before));

/** Runs a shell line in a new container and returns what it printed. */
async function shell(line: string, ...flags: string[]): Promise<string> {
  const { stdout } = await host.must(["run", "--rm", ...flags, "busybox", "sh", "-c", line]);
  return stdout;
}

describe("a container in a VM", () => {
  test("runs under the guest's kernel, not the host's", async () => {
    const kernel = (await shell("uname -r")).trim();
    expect(kernel).toMatch(/^\d+\.\d+\.\d+/);
    expect(kernel).not.toBe(release());
  });

  test("is isolated: own process tree, hostname, network and root", async () => {
    const output = await shell("echo $$; hostname; ls /sys/class/net; cat /proc/1/comm; true", "--hostname", "web");
    expect(output.split("\n").slice(0, 4)).toEqual(["1", "web", "lo", "sh"]);
  });

  test.each([
    ["true", 0],
    ["false", 1],
    ["exit 42", 42],
    ["kill -TERM $$; sleep 1", 143],
    ["kill -KILL $$", 137],
    ["nonexistent-command", 127],
    ["/etc/passwd", 126],
  ])("`%s` in a shell exits with %i", async (line, code) => {
    // As PID 1 a shell is immune to its own signals, so the line runs in a child of it: a last command would be exec'ed.
    const result = await host.ctl(["run", "--rm", "busybox", "sh", "-c", `sh -c '${line}'; exit $?`]);
    expect(result.code).toBe(code);
  });

  test("a missing program is 127, one that is not executable 126, and the error says so", async () => {
    const missing = await host.ctl(["run", "--rm", "busybox", "/no/such/program"]);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain("/no/such/program");
    const notExecutable = await host.ctl(["run", "--rm", "busybox", "/etc/passwd"]);
    expect(notExecutable.code).toBe(126);
    expect(notExecutable.stderr).toContain("/etc/passwd");
  });

  test("standard output and standard error stay apart", async () => {
    const result = await host.must(["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2"]);
    expect(result.stdout).toBe("out\n");
    expect(result.stderr).toContain("err\n");
  });
});

describe("flags", () => {
  test("-e, --env-file and the image's own environment", async () => {
    const file = path.join(host.root, "env");
    writeFileSync(file, "FROM_FILE=yes\n# comment\n\nEMPTY=\n");
    const output = await shell('echo "$A|$FROM_FILE|$EMPTY|$PATH"', "-e", "A=b c", "--env-file", file);
    expect(output).toBe("b c|yes||/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
  });

  test("-w and -u", async () => {
    expect(await shell("pwd; id -u; id -g", "-w", "/tmp", "-u", "1000:1001")).toBe("/tmp\n1000\n1001\n");
  });

  test("-v shares a directory, both ways; :ro keeps even root from writing", async () => {
    const shared = path.join(host.root, "shared");
    mkdirSync(shared);
    writeFileSync(path.join(shared, "in"), "from host");
    const output = await shell("cat /data/in; echo from guest > /data/out", "-v", `${shared}:/data`);
    expect(output).toBe("from host");
    expect(readFileSync(path.join(shared, "out"), "utf8")).toBe("from guest\n");
    const refused = await host.ctl([
      "run",
      "--rm",
      "-v",
      `${shared}:/data:ro`,
      "busybox",
      "sh",
      "-c",
      "echo x > /data/in",
    ]);
    expect(refused.code).not.toBe(0);
    expect(readFileSync(path.join(shared, "in"), "utf8")).toBe("from host");
  });

  test("--read-only makes the root file system read-only", async () => {
    const result = await host.ctl(["run", "--rm", "--read-only", "busybox", "sh", "-c", "echo x > /file"]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("Read-only file system");
  });

  test("-m and --cpus size the VM and limit the container", async () => {
    const output = await shell(
      "grep -c ^processor /proc/cpuinfo; cat /sys/fs/cgroup/memory.max",
      "--cpus",
      "2",
      "-m",
      "64m",
    );
    expect(output).toBe(`${Math.min(2, availableParallelism())}\n67108864\n`);
  });

  test("--entrypoint replaces the image's", async () => {
    const { stdout } = await host.must(["run", "--rm", "--entrypoint", "/bin/echo", "busybox", "a", "b"]);
    expect(stdout).toBe("a b\n");
  });

  test("writes stay in the container: the next one sees the image as it was", async () => {
    await shell("echo changed > /etc/passwd; rm -rf /tmp; touch /new");
    expect(await shell("grep -c root /etc/passwd; ls -d /tmp; ls /new 2>/dev/null || echo gone")).toBe(
      "1\n/tmp\ngone\n",
    );
  });
});

describe("streams", () => {
  test("100 MB of standard input arrive unchanged", async () => {
    const { chunks, sha256 } = testData(100);
    const { stdout } = await host.must(["run", "--rm", "-i", "busybox", "sh", "-c", "cat | sha256sum"], {
      input: chunks,
    });
    expect(stdout).toBe(`${sha256}  -\n`);
  });

  test("100 MB of standard output arrive unchanged", async () => {
    const { chunks, sha256 } = testData(100);
    const result = await host.must(["run", "--rm", "-i", "busybox", "cat"], { input: chunks });
    expect(result.stdoutBytes).toBe(100 << 20);
    expect(result.stdoutSha256).toBe(sha256);
  });

  test("without -i standard input is empty", async () => {
    expect(await shell("wc -c")).toBe("0\n");
  });

  test("the last words before the exit are never lost", async () => {
    const { stdoutBytes } = await host.must([
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "head -c 3000000 /dev/zero; exit 0",
    ]);
    expect(stdoutBytes).toBe(3_000_000);
  });
});

describe("many containers", () => {
  test("eight at once", async () => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, index) => host.ctl(["run", "--rm", "busybox", "echo", `${index}`])),
    );
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(
      Array.from({ length: 8 }, (_, index) => [0, `${index}\n`]),
    );
  });

  test("fifty in a row", { timeout: 1_200_000 }, async () => {
    for (let index = 0; index < 50; index++) {
      const result = await host.ctl(["run", "--rm", "busybox", "echo", `${index}`]);
      expect([result.code, result.stdout, result.stderr]).toEqual([0, `${index}\n`, ""]);
    }
  });
});
