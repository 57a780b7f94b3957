import { beforeEach, describe, expect, test } from "vitest";
import { commandTable } from "./command-table.ts";
import { containerPaths, ctlPaths } from "./state/paths.ts";
import { type ContainerRecord, renderRecord } from "./state/record.ts";
import { FakeConsole } from "./testing/fake-console.ts";

let shell: FakeConsole;
beforeEach(() => {
  shell = new FakeConsole();
});

describe("help", () => {
  test("without a command is the overview", async () => {
    const bare = await shell.run();
    expect(bare.code).toBe(0);
    expect(bare.stdout).toMatchSnapshot();
    expect((await shell.run("--help")).stdout).toBe(bare.stdout);
    expect((await shell.run("help")).stdout).toBe(bare.stdout);
    expect((await shell.run("help", "--all")).stdout).toContain("supervise");
  });

  test.each(commandTable.map(({ name }) => name))("of `%s`", async (name) => {
    const { code, stdout, stderr } = await shell.run(...name.split(" "), "--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatchSnapshot();
    expect((await shell.run("help", ...name.split(" "))).stdout).toBe(stdout);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(140);
  });
});

describe("the command line", () => {
  test.each([
    [["rnu"], 2, /unknown command "rnu"\n {2}hint {4}did you mean run\?/],
    [["frobnicate"], 2, /unknown command "frobnicate"\n {2}see {5}kata-ctl help/],
    [["guest"], 2, /guest needs a command of its own\n {2}hint {4}there is: guest build, guest inspect/],
    [["guest", "x"], 2, /unknown command "guest x"/],
    [["ps", "--al"], 2, /unknown flag --al\n {2}hint {4}did you mean --all\?\n {2}see {5}kata-ctl ps --help/],
    [["ps", "extra"], 2, /too many arguments, beginning with "extra"/],
    [["rm"], 2, /missing argument: rm/],
    [["run"], 2, /missing argument: IMAGE/],
    [["run", "--name", "../x", "a"], 2, /flag --name must be 1 to 64/],
    [["run", "-m", "5m", "a"], 2, /at least 6m/],
    [["--namespace", "a/b", "ps"], 2, /flag --namespace must be/],
    [["rm", "ghost"], 1, /there is no container "ghost"/],
    [["exec", "ghost", "true"], 125, /there is no container "ghost"/],
    [["rmi", "ghost"], 1, /there is no image "ghost" here/],
    [["run", "--pull", "never", "ghost"], 125, /there is no image "ghost" here, and --pull=never/],
    [["run", "Not An Image"], 125, /image name "Not An Image" has a repository that is not allowed/],
    [
      ["pull", "a"],
      1,
      /the program skopeo is not installed\n {2}stage {3}prepare-image\n {2}hint {4}install it: apt-get install skopeo/,
    ],
  ])("%j exits with %i", async (words, code, message) => {
    const result = await shell.run(...words);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe("");
    expect(shell.loop.faults).toEqual([]);
  });

  test("errors are JSON when asked for", async () => {
    const { code, stderr } = await shell.run("--json", "rm", "ghost");
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "not-found", causes: [] } });
    expect(JSON.parse((await shell.run("rnu", "--json")).stderr)).toMatchObject({
      error: { code: "invalid-argument" },
    });
  });

  test("global flags count before and after the command", async () => {
    await shell.run("--root", "/a", "pull", "x");
    expect(shell.sys.exists("/a/lib/oci")).toBe(true);
    await shell.run("pull", "--root=/b/", "x");
    expect(shell.sys.exists("/b/lib/oci")).toBe(true);
    await shell.run("pull", "--root", "c", "x");
    expect(shell.sys.exists("/c/lib/oci")).toBe(true);
  });

  test("whoever is not root is told what needs root", async () => {
    shell.sys.fake.fail("readDir", "EACCES");
    Object.assign(shell.sys, { uid: () => 1000 });
    const { code, stderr } = await shell.run("ps");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: this needs root\n {2}cause .*EACCES.*\n {2}hint {4}try: sudo kata-ctl ps\n$/);
  });

  test("--version is a command, too", async () => {
    expect((await shell.run("--version")).stdout).toMatch(/^kata-ctl /);
  });
});

describe("containers", () => {
  const paths = ctlPaths("/r", "default");
  const record: ContainerRecord = {
    id: "ab".repeat(32),
    name: "web",
    rootfs: { kind: "image", name: "busybox:latest", id: `sha256:${"c".repeat(64)}` },
    command: ["sleep", "1000"],
    createdMs: Date.UTC(2025, 11, 31, 23, 0),
    labels: { tier: "front" },
    autoRemove: false,
    detached: true,
    terminal: false,
    stopSignal: 15,
    stopTimeoutSeconds: 10,
    configPath: undefined,
    state: {
      status: "exited",
      startedMs: Date.UTC(2025, 11, 31, 23, 30),
      finishedMs: Date.UTC(2025, 11, 31, 23, 59),
      exitCode: 3,
    },
  };
  const add = (changes: Partial<ContainerRecord> = {}) => {
    const full = { ...record, ...changes };
    shell.sys.fake.addFile(containerPaths(paths, full.id).record, renderRecord(full));
    shell.sys.fake.addFile(containerPaths(paths, full.id).ownerLock);
    return full;
  };
  const ctl = (...words: string[]) => shell.run("--root", "/r", ...words);

  test("are listed as a table, by id, as JSON and by a template", async () => {
    add();
    add({
      id: "cd".repeat(32),
      name: "gone",
      createdMs: record.createdMs - 1,
      state: { status: "running", startedMs: 1 },
      labels: {},
    });
    expect((await ctl("ps")).stdout).toBe("CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   NAME\n");
    expect((await ctl("ps", "-a")).stdout).toMatchSnapshot();
    expect((await ctl("ps", "-aq")).stdout).toBe(`${"ab".repeat(6)}\n${"cd".repeat(6)}\n`);
    expect(JSON.parse((await ctl("ps", "-a", "--format", "json")).stdout)).toMatchObject([
      { name: "web", status: "exited", exitCode: 3 },
      { name: "gone", status: "dead", exitCode: null },
    ]);
    expect((await ctl("ps", "-a", "--format", "{{.Name}}:{{.Status}}")).stdout).toBe("web:exited\ngone:dead\n");
    expect((await ctl("ps", "-a", "--format", "{{.Nope}}")).stderr).toMatch(/"\.Nope" does not exist/);
  });

  test.each([
    [["label=tier"], "web"],
    [["label=tier=front"], "web"],
    [["label=tier=back"], ""],
    [["name=eb"], "web"],
    [["status=dead"], "gone"],
    [["status=dead", "status=exited"], "web gone"],
    [["exited=3"], "web"],
    [["ancestor=busybox"], "web gone"],
    [["id=cdcd"], "gone"],
    [["label=__proto__"], ""],
  ])("filter by %j", async (filters, names) => {
    add();
    add({
      id: "cd".repeat(32),
      name: "gone",
      createdMs: record.createdMs - 1,
      state: { status: "running", startedMs: 1 },
      labels: {},
    });
    const { stdout } = await ctl("ps", "-a", ...filters.flatMap((filter) => ["-f", filter]), "--format", "{{.Name}}");
    expect(stdout.trim().split("\n").join(" ")).toBe(names);
  });

  test("are inspected whole or by field", async () => {
    add();
    const [details] = JSON.parse((await ctl("inspect", "web")).stdout) as [Record<string, unknown>];
    expect(details).toMatchObject({ name: "web", state: { status: "exited", exitCode: 3 }, labels: { tier: "front" } });
    expect((await ctl("inspect", "-f", "{{.State.ExitCode}}", "abab")).stdout).toBe("3\n");
  });

  test("that have ended are waited for, refused to exec, kept from double names, and removed", async () => {
    add();
    expect((await ctl("wait", "web")).stdout).toBe("3\n");
    expect(await ctl("exec", "web", "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("not running"),
    });
    expect(await ctl("kill", "web")).toMatchObject({ code: 1, stderr: expect.stringContaining("it exited with 3") });
    expect(await ctl("stop", "web")).toMatchObject({ code: 0, stdout: "web\n" });
    expect((await ctl("run", "--name", "web", "busybox")).stderr).toMatch(
      /name "web" is in use by container abababababab \(exited\)/,
    );
    expect(await ctl("rm", "web", "ghost")).toMatchObject({
      code: 1,
      stdout: "web\n",
      stderr: expect.stringContaining("ghost"),
    });
    expect(shell.sys.exists(containerPaths(paths, record.id).directory)).toBe(false);
    expect(shell.sys.fake.openDescriptors).toEqual([]);
  });

  test("a damaged record hides no other container", async () => {
    add();
    shell.sys.fake.addFile(containerPaths(paths, "ef".repeat(32)).record, "{");
    const { stdout, stderr } = await ctl("ps", "-aq");
    expect(stdout).toBe(`${"ab".repeat(6)}\n`);
    expect(stderr).toContain("container record cannot be read");
  });
});
