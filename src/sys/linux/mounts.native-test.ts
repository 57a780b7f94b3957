import { expect, type TestContext, test } from "../../../test/native/runner.ts";

/** The tests' own mount namespace: entering one again is harmless, and leaving is not needed. */
function privately({ sys }: TestContext): void {
  sys.unshare(["mount"]);
  sys.mount({ source: "none", target: "/", options: ["rprivate"] });
}

/** Options of the last mount on `target`, as /proc/self/mountinfo has them. */
function mounted(
  { sys }: TestContext,
  target: string,
): { options: string[]; tags: string[]; type: string } | undefined {
  const line = sys
    .readText("/proc/self/mountinfo")
    .split("\n")
    .filter((entry) => entry.split(" ")[4] === target)
    .at(-1);
  if (line === undefined) return undefined;
  const [before = "", after = ""] = line.split(" - ");
  const fields = before.split(" ");
  const options = `${fields[5]},${after.split(" ")[2]}`.split(",");
  return { options, tags: fields.slice(6), type: after.split(" ")[0] ?? "" };
}

test(
  "mount passes flags and data, unmount takes it away",
  (context) => {
    privately(context);
    const { sys } = context;
    const dir = context.tempDir();
    const options = ["nosuid", "nodev", "noexec", "size=64k", "mode=0710", "defaults"];
    sys.mount({ type: "tmpfs", source: "scratch", target: dir, options });
    const seen = mounted(context, dir);
    expect(seen?.type).toBe("tmpfs");
    for (const option of ["nosuid", "nodev", "noexec", "size=64k", "mode=710"]) expect(seen?.options).toContain(option);
    expect(() => sys.writeFile(`${dir}/big`, new Uint8Array(100_000))).toThrow({ code: "ENOSPC" });
    const busy = sys.open(dir, { directory: true });
    expect(() => sys.unmount(dir)).toThrow({ code: "EBUSY" });
    sys.unmount(dir, { detach: true });
    sys.close(busy);
    expect(mounted(context, dir)).toBeUndefined();
    expect(() => sys.unmount(dir)).toThrow({ code: "EINVAL" });
    expect(() => sys.mount({ type: "nosuchfs", source: "x", target: dir })).toThrow({ code: "ENODEV" });
    expect(() => sys.mount({ type: "tmpfs", source: "x", target: `${dir}/none` })).toThrow({ code: "ENOENT" });
  },
  { needsRoot: true },
);

test(
  "a bind mount gets its flags by a second call, and propagation by a third",
  (context) => {
    privately(context);
    const { sys } = context;
    const dir = context.tempDir();
    sys.mkdirAll(`${dir}/from/sub`);
    sys.mkdir(`${dir}/to`);
    sys.mount({ source: `${dir}/from`, target: `${dir}/to`, options: ["rbind", "ro", "nosuid", "rshared"] });
    const seen = mounted(context, `${dir}/to`);
    expect(seen?.options).toContain("ro");
    expect(seen?.options).toContain("nosuid");
    expect(seen?.tags.join()).toMatch(/shared:/);
    expect(() => sys.writeFile(`${dir}/to/x`, "")).toThrow({ code: "EROFS" });
    sys.mount({ source: "none", target: `${dir}/to`, options: ["rprivate"] });
    expect(mounted(context, `${dir}/to`)?.tags).toEqual([]);
    sys.mount({ source: "none", target: `${dir}/to`, options: ["remount", "bind", "rw"] });
    sys.writeFile(`${dir}/to/x`, "");
    sys.unmount(`${dir}/to`);
    expect(sys.exists(`${dir}/from/x`)).toBe(true);
  },
  { needsRoot: true },
);

test(
  "unmount does not follow a link",
  (context) => {
    privately(context);
    const { sys } = context;
    const dir = context.tempDir();
    sys.mkdir(`${dir}/m`);
    sys.mount({ type: "tmpfs", source: "t", target: `${dir}/m` });
    sys.symlink("m", `${dir}/link`);
    expect(() => sys.unmount(`${dir}/link`)).toThrow({ code: "EINVAL" });
    sys.unmount(`${dir}/m`);
  },
  { needsRoot: true },
);

test(
  "removeTree stops at mounts, also at bind mounts of the same file system",
  (context) => {
    privately(context);
    const { sys } = context;
    const dir = context.tempDir();
    sys.mkdirAll(`${dir}/volume/data`);
    sys.writeFile(`${dir}/volume/data/precious`, "p");
    sys.mkdirAll(`${dir}/tree/inner/mnt`);
    sys.mount({ source: `${dir}/volume`, target: `${dir}/tree/inner/mnt`, options: ["bind"] });
    expect(() => sys.removeTree(`${dir}/tree`)).toThrow({ code: "EBUSY" });
    expect(() => sys.removeTree(`${dir}/tree/inner/mnt`)).toThrow({ code: "EBUSY" });
    expect(sys.readText(`${dir}/volume/data/precious`)).toBe("p");
    sys.unmount(`${dir}/tree/inner/mnt`);
    sys.removeTree(`${dir}/tree`);
    expect(sys.readText(`${dir}/volume/data/precious`)).toBe("p");
  },
  { needsRoot: true },
);

test(
  "enterNamespace and unshare change the namespace, chdir and cwd the directory",
  (context) => {
    const { sys } = context;
    const before = sys.readLink("/proc/self/ns/uts");
    const fd = sys.open("/proc/self/ns/uts");
    sys.unshare(["uts"]);
    expect(sys.readLink("/proc/self/ns/uts") === before).toBe(false);
    sys.setHostname("native-test");
    expect(sys.uname().nodename).toBe("native-test");
    sys.enterNamespace(fd, "uts");
    expect(sys.readLink("/proc/self/ns/uts")).toBe(before);
    expect(() => sys.enterNamespace(fd, "net")).toThrow({ code: "EINVAL" });
    sys.close(fd);
    const dir = sys.realPath(context.tempDir());
    const home = sys.cwd();
    sys.chdir(dir);
    expect(sys.cwd()).toBe(dir);
    sys.chdir(home);
    expect(() => sys.chdir(`${dir}/none`)).toThrow({ code: "ENOENT" });
  },
  { needsRoot: true },
);
