import { execFileSync, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { sha256 } from "../support/guest-build.ts";

const tool = path.resolve(import.meta.dirname, "../../guest/demo-image.sh");
const dir = mkdtempSync(path.join(tmpdir(), "demo-image-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function build(prepare: string, ...args: string[]) {
  const { status, stderr } = spawnSync("bash", ["-c", `${prepare}; exec "$@"`, "bash", tool, ...args], {
    encoding: "utf8",
  });
  return { status, stderr };
}

test("the archive is the same, byte for byte, wherever it is built", () => {
  const first = path.join(dir, "busybox.tar");
  const second = path.join(dir, "deeper/again.tar");
  expect(build(":", first)).toEqual({ status: 0, stderr: "" });
  expect(build("umask 077; cd /; export TZ=Asia/Tokyo", second)).toEqual({ status: 0, stderr: "" });
  expect(sha256(second)).toBe(sha256(first));
  // What is there is replaced, and nothing is left beside it.
  expect(build(":", first)).toEqual({ status: 0, stderr: "" });
  expect(readdirSync(dir).sort()).toEqual(["busybox.tar", "deeper"]);
});

test("skopeo and umoci read it: a root file system with busybox and its applets", () => {
  const archive = path.join(dir, "busybox.tar");
  const inspected = JSON.parse(
    execFileSync("skopeo", ["inspect", "--config", `oci-archive:${archive}`], { encoding: "utf8" }),
  );
  expect(inspected).toMatchObject({ os: "linux", config: { Cmd: ["sh"], Env: [expect.stringMatching(/^PATH=/)] } });

  const layout = path.join(dir, "layout");
  expect(build(":", layout)).toEqual({ status: 0, stderr: "" });
  execFileSync("umoci", ["unpack", "--rootless", "--image", `${layout}:latest`, path.join(dir, "bundle")]);
  const rootfs = path.join(dir, "bundle/rootfs");
  expect(lstatSync(path.join(rootfs, "bin/busybox")).isFile()).toBe(true);
  expect(readlinkSync(path.join(rootfs, "bin/sh"))).toBe("busybox");
  expect(readdirSync(path.join(rootfs, "bin")).length).toBeGreaterThan(200);
  expect(statSync(path.join(rootfs, "tmp")).mode & 0o7777).toBe(0o1777);
  expect(readFileSync(path.join(rootfs, "etc/passwd"), "utf8")).toMatch(/^root:x:0:0:/);
  expect(readFileSync(path.join(rootfs, "etc/group"), "utf8")).toMatch(/^root:x:0:/);
  const hello = execFileSync(path.join(rootfs, "bin/busybox"), ["echo", "hello"], { encoding: "utf8" });
  expect(hello).toBe("hello\n");
});

test("bad input is refused", () => {
  expect(build(":")).toMatchObject({ status: 2, stderr: expect.stringContaining("no output named") });
  expect(build(":", "--busybox", "/nowhere", path.join(dir, "x.tar"))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("/nowhere is not a program"),
  });
  const taken = path.join(dir, "taken");
  mkdirSync(path.join(taken, "data"), { recursive: true });
  expect(build(":", taken)).toMatchObject({ status: 1, stderr: expect.stringContaining("holds no OCI layout") });
  expect(readdirSync(taken)).toEqual(["data"]);
});
