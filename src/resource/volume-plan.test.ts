import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import type { Mount } from "../oci/spec.ts";
import { SysError } from "../sys/error.ts";
import type { FileKind, FilesPort } from "../sys/port/files.ts";
import { planVolumes } from "./volume-plan.ts";

/** Path to what is there: a link's target, or a kind. */
const tree: Readonly<Record<string, { readonly link: string } | { readonly kind: FileKind }>> = {
  "/srv/data": { kind: "directory" },
  "/etc/hosts": { kind: "file" },
  "/link": { link: "/srv/data" },
  "/evil": { link: "/proc/sys" },
  "/evil-root": { link: "/dev" },
  "/disk": { kind: "block" },
  "/run/socket": { kind: "socket" },
  "/proc/sys": { kind: "directory" },
  "/dev": { kind: "directory" },
  "/devices": { kind: "directory" },
  "/pod/shm": { kind: "directory" },
};
const sys = {
  realPath(path: string): string {
    const entry = tree[path];
    if (entry === undefined) throw new SysError("realpath", 2, "ENOENT", "No such file or directory", path);
    return "link" in entry ? entry.link : path;
  },
  stat: (path: string) => ({ kind: (tree[path] as { kind: FileKind }).kind }),
  statFs(path: string) {
    if (tree[path] === undefined) throw new SysError("statfs", 2, "ENOENT", "No such file or directory", path);
    return path === "/pod/shm" ? { type: 0x01021994, blocks: 16384n, blockSize: 4096 } : { type: 0xef53 };
  },
} as unknown as FilesPort;

const bind = (source: string, options: string[] = ["rbind"], destination = "/data"): Mount => ({
  destination,
  type: "bind",
  source,
  options,
});
const plan = (mount: Mount) => planVolumes(sys, [mount])[0];

describe("planVolumes()", () => {
  test("shares directories and files by their real path", () => {
    expect(plan(bind("/link", ["rbind", "ro"]))).toMatchObject({
      kind: "share",
      source: "/srv/data",
      directory: true,
      recursive: true,
      readOnly: true,
    });
    expect(plan(bind("/etc/hosts", ["bind"]))).toMatchObject({ directory: false, recursive: false, readOnly: false });
    expect(plan(bind("/run/socket"))).toMatchObject({ kind: "share", directory: false });
  });

  test.each([
    [["ro", "rw"], false],
    [["rw", "ro"], true],
    [[], false],
  ])("options %j: read-only is %s", (options, readOnly) => {
    expect(plan(bind("/srv/data", options))).toMatchObject({ readOnly });
  });

  test("leaves file systems and the kernel's own directories to the guest", () => {
    const tmpfs = { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=1m"] };
    expect(plan(tmpfs)).toEqual({ kind: "guest", mount: tmpfs });
    expect(plan(bind("/proc/sys"))).toMatchObject({
      kind: "guest",
      warning: "/proc/sys of the guest is mounted at /data",
    });
    expect(plan(bind("//dev//"))).toMatchObject({ kind: "guest" });
    expect(plan(bind("/devices"))).toMatchObject({ kind: "share" });
  });

  test("makes a pod's shared memory in the guest, as large as the host's", () => {
    expect(plan(bind("/pod/shm", ["rbind"], "/dev/shm"))).toMatchObject({ kind: "sandbox-shm", sizeBytes: 67108864 });
    expect(plan(bind("/srv/data", ["rbind"], "/dev/shm"))).toMatchObject({ kind: "share" });
  });

  test.each([
    ["/evil", "invalid-argument", "Mount source /evil leads to /proc/sys, which is not shared"],
    ["/evil-root", "invalid-argument", "Mount source /evil-root leads to /dev, which is not shared"],
    ["/disk", "invalid-argument", "Mount source /disk is a block device"],
    ["/none", "not-found", "Mount source /none for /data does not exist"],
    ["data", "invalid-argument", 'Mount source must be an absolute path, got "data"'],
  ])("refuses %s", (source, code, message) => {
    try {
      planVolumes(sys, [bind("/srv/data"), bind(source)]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(KataError);
      expect(error).toMatchObject({ code, message, field: "mounts[1].source" });
    }
  });
});
