import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "native-target-"));
const program = join(dir, "program");
const broken = join(dir, "broken");

function build(entry: string, out: string): void {
  const file = join(root, "test/native/programs", entry);
  execFileSync("node", ["tools/build/native.mjs", "--entry", file, "--out", out], { cwd: root, stdio: "pipe" });
}

function run(path: string, args: readonly string[], shell?: string) {
  const [command, all] = shell === undefined ? [path, args] : ["/bin/sh", ["-c", shell, path, ...args]];
  const ended = spawnSync(command, [...all], { encoding: "utf8" });
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

beforeAll(() => {
  build("program.ts", program);
  build("broken.ts", broken);
});
afterAll(() => rmSync(dir, { recursive: true }));

test("a native program gets its arguments and exits with what main returns", () => {
  const echoed = run(program, ["echo", "a b", "é", ""]);
  expect(JSON.parse(echoed.stdout)).toEqual({ argv: [program, "echo", "a b", "é", ""], rest: ["a b", "é", ""] });
  expect(run(program, ["exit", "42"]).status).toBe(42);
  expect(run(program, []).status).toBe(2);
});

test("a failing main ends with 70 and a stack of TypeScript lines, the cause included", () => {
  const { status, stderr } = run(program, ["throw"]);
  expect(status).toBe(70);
  expect(stderr).toMatch(/^fatal: Error: deliberate\n {4}at fail \(test\/native\/programs\/program\.ts:7\)/);
  expect(stderr).toMatch(/caused by RangeError: the reason\n {4}at fail \(test\/native\/programs\/program\.ts:7\)/);
});

test("a stack has the functions' own names, also those of classes and of functions inside of others", () => {
  const { stderr } = run(program, ["throw-deep"]);
  expect(stderr.split("\n").slice(0, 6)).toEqual([
    "fatal: Error: deliberate",
    "    at fail (test/native/programs/program.ts:7)",
    "    at Keeper (test/native/programs/program.ts:23)",
    "    at remake (test/native/programs/program.ts:30)",
    "caused by RangeError: the reason",
    "    at fail (test/native/programs/program.ts:7)",
  ]);
});

test("constants of every kind are what they were in the source", () => {
  expect(run(program, ["values", "x"]).stdout).toBe(
    "1180591620717411303424,-18446744073709551616,0,1.5,-7,,,true,\\n1é\n",
  );
});

test("a fault in a handler is printed with TypeScript lines and the program goes on", () => {
  const { status, stdout, stderr } = run(program, ["fault"]);
  expect(status).toBe(0);
  expect(stdout).toBe("still here\n");
  expect(stderr).toMatch(/^fault: Error: deliberate\n {4}at fail \(test\/native\/programs\/program\.ts:7\)/);
});

test("a module that fails while it loads is printed with TypeScript lines", () => {
  const { status, stderr } = run(broken, []);
  expect(status).toBe(70);
  expect(stderr).toMatch(/^fatal: TypeError: .*null/);
  expect(stderr).toContain("at <anonymous> (test/native/programs/broken.ts:4)");
});

test("deep recursion and deep JSON end in exceptions, with a small stack limit too", () => {
  const usual = Number(run(program, ["depth"]).stdout);
  expect(usual).toBeGreaterThan(3000);
  const raised = run(program, ["depth"], 'ulimit -S -s 512; exec "$0" "$@"');
  expect(Number(raised.stdout)).toBe(usual);
  const hard = run(program, ["depth"], 'ulimit -H -s 1024 2>/dev/null; ulimit -S -s 1024; exec "$0" "$@"');
  expect(hard.status).toBe(0);
  expect(run(program, ["json"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/Error\n$/) });
});

test("a lazily imported module is loaded when it is asked for", () => {
  expect(run(program, ["lazy"]).stdout).toBe("from a module of its own\n");
});
