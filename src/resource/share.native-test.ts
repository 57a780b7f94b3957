import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { Logger } from "../base/logger.ts";
import { sandboxPaths } from "./paths.ts";
import { planRootfs } from "./rootfs-plan.ts";
import { SandboxShare } from "./share.ts";
import { UndoStack } from "./undo-stack.ts";
import { planVolumes } from "./volume-plan.ts";

const root = { needsRoot: true };

/** A share in a mount namespace of its own, and directories to bind. */
function setUp(context: TestContext) {
  const { sys, loop } = context;
  sys.unshare(["mount"]);
  sys.mount({ source: "none", target: "/", options: ["rslave"] });
  const dir = context.tempDir();
  const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
  const undo = new UndoStack({ sys, clock: loop, logger }, { persist: () => {} });
  const paths = sandboxPaths("web", dir).share;
  const share = new SandboxShare({ sys, undo }, paths);
  share.prepare();
  context.cleanup(() => {
    // The temporary directory cannot be removed while something is mounted in it.
    for (const operation of [...undo.pending].reverse())
      if (operation.kind === "unmount") sys.unmount(operation.path, { detach: true });
  });
  for (const name of ["image", "upper", "work", "data"]) sys.mkdir(`${dir}/${name}`);
  sys.writeFile(`${dir}/image/file`, "image\n");
  sys.writeFile(`${dir}/data/file`, "data\n");
  const mountsBelow = (path: string) =>
    sys
      .readText("/proc/self/mountinfo")
      .split("\n")
      .map((line) => line.split(" "))
      .filter((fields) => fields[4]?.startsWith(path));
  return { sys, dir, undo, paths, share, mountsBelow };
}

const hostPath = (paths: { shared: string }, guestPath: string) =>
  guestPath.replace("/run/kata-containers/shared/containers", paths.shared);

test(
  "SandboxShare: an overlay appears in the served view, writable; the top of the view is not",
  (context) => {
    const { sys, dir, paths, share } = setUp(context);
    const options = [`lowerdir=${dir}/image`, `upperdir=${dir}/upper`, `workdir=${dir}/work`];
    const guestPath = share.addRootfs(
      "web",
      planRootfs(sys, { kind: "mounts", mounts: [{ type: "overlay", source: "overlay", options }] }),
    );
    const view = hostPath(paths, guestPath);
    expect(sys.readText(`${view}/file`)).toBe("image\n");
    sys.writeFile(`${view}/new`, "x");
    expect(sys.exists(`${dir}/upper/new`)).toBe(true);
    expect(() => sys.mkdir(`${paths.shared}/evil`)).toThrow(/EROFS/);
    expect(() => sys.symlink("/", `${paths.shared}/web/evil`)).toThrow(/EROFS/);
  },
  root,
);

test(
  "SandboxShare: a container's name is used for one directory only",
  async (context) => {
    const { sys, dir, paths, share } = setUp(context);
    const source = planRootfs(sys, { kind: "directory", path: `${dir}/image` });
    const first = share.addRootfs("web", source);
    await share.remove("web");
    const second = share.addRootfs("web", source);
    expect(second === first).toBe(false);
    expect(sys.readText(`${hostPath(paths, second)}/file`)).toBe("image\n");
    await share.remove("web");
    expect(sys.readDir(paths.mounts).length).toBe(0);
  },
  root,
);

test(
  "SandboxShare: an overlay of a hundred layers fits a mount call",
  (context) => {
    const { sys, dir, paths, share } = setUp(context);
    const long = `${dir}/${"long-directory-name-".repeat(5)}`;
    const layers = Array.from({ length: 100 }, (_, index) => `${long}/${index}`);
    for (const layer of layers) sys.mkdirAll(layer);
    sys.writeFile(`${layers[99]}/deepest`, "here");
    const cwd = sys.cwd();
    const guestPath = share.addRootfs("web", [{ kind: "overlay", options: [`lowerdir=${layers.join(":")}`] }]);
    expect(sys.readText(`${hostPath(paths, guestPath)}/deepest`)).toBe("here");
    expect(sys.cwd()).toBe(cwd);
  },
  root,
);

test(
  "SandboxShare: read-only volumes are read-only in the view, with what is mounted below them",
  (context) => {
    const { sys, dir, paths, share, mountsBelow } = setUp(context);
    sys.mkdir(`${dir}/data/inner`);
    sys.mount({ type: "tmpfs", source: "tmpfs", target: `${dir}/data/inner` });
    context.cleanup(() => sys.unmount(`${dir}/data/inner`));
    sys.writeFile(`${dir}/data/inner/deep`, "deep\n");
    const bind = (destination: string, options: string[], source = `${dir}/data`) => ({
      destination,
      type: "bind",
      source,
      options,
    });
    const plans = planVolumes(sys, [
      bind("/rw", ["rbind", "rw"]),
      bind("/ro", ["rbind", "ro"]),
      bind("/flat", ["bind", "ro"]),
      bind("/single", ["bind", "ro"], `${dir}/data/file`),
    ]);
    const [rw = "", ro = "", flat = "", single = ""] = plans.map((plan) =>
      plan.kind === "share" ? hostPath(paths, share.addVolume("web", plan)) : "",
    );
    sys.writeFile(`${rw}/new`, "x");
    expect(sys.readText(`${ro}/new`)).toBe("x");
    expect(sys.readText(`${ro}/inner/deep`)).toBe("deep\n");
    for (const path of [`${ro}/x`, `${ro}/inner/x`, `${flat}/x`])
      expect(() => sys.writeFile(path, "")).toThrow(/EROFS/);
    expect(sys.readDir(`${flat}/inner`)).toEqual([]);
    expect(sys.readText(single)).toBe("data\n");
    expect(() => sys.writeFile(single, "")).toThrow(/EROFS/);
    // Nothing stays in the place where volumes become read-only, and the host's own mounts are as they were.
    expect(mountsBelow(paths.private)).toEqual([]);
    expect(sys.readDir(paths.private)).toEqual([]);
    sys.writeFile(`${dir}/data/inner/still-writable`, "");
  },
  root,
);

test(
  "SandboxShare: what is taken back is gone from the view; all is gone after unwinding",
  async (context) => {
    const { sys, dir, paths, share, undo, mountsBelow } = setUp(context);
    const source = planRootfs(sys, { kind: "directory", path: `${dir}/image` });
    const one = hostPath(paths, share.addRootfs("one", source));
    const two = hostPath(paths, share.addRootfs("two", source));
    expect(share.holds("one")).toBe(true);
    await share.remove("one");
    expect(share.holds("one")).toBe(false);
    expect(sys.exists(one)).toBe(false);
    expect(sys.readText(`${two}/file`)).toBe("image\n");
    expect(await undo.unwind()).toEqual([]);
    expect(mountsBelow(paths.root)).toEqual([]);
    expect(sys.exists(paths.root)).toBe(false);
    expect(sys.readText(`${dir}/image/file`)).toBe("image\n");
  },
  root,
);

test(
  "SandboxShare: a guest that replaced a directory by a link cannot lead the clean-up astray",
  async (context) => {
    const { sys, dir, paths, share, undo } = setUp(context);
    sys.mkdir(`${dir}/victim`);
    sys.writeFile(`${dir}/victim/file`, "keep me");
    const guestPath = share.addRootfs("web", planRootfs(sys, { kind: "directory", path: `${dir}/image` }));
    sys.symlink(`${dir}/victim`, `${hostPath(paths, guestPath)}/link`);
    sys.symlink("/", `${hostPath(paths, guestPath)}/root`);
    expect(await undo.unwind()).toEqual([]);
    expect(sys.readText(`${dir}/victim/file`)).toBe("keep me");
    expect(sys.readLink(`${dir}/image/link`)).toBe(`${dir}/victim`);
  },
  root,
);
