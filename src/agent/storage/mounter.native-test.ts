import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { GuestTree } from "./guest-tree.ts";
import { Mounter, mountPoints } from "./mounter.ts";

function setUp(context: TestContext) {
  const { sys } = context;
  const home = sys.open("/proc/self/ns/mnt");
  context.cleanup(() => sys.close(home));
  sys.unshare(["mount"]);
  sys.mount({ source: "none", target: "/", options: ["rprivate"] });
  const root = context.tempDir();
  const tree = new GuestTree(sys, root);
  const mounter = new Mounter(sys, tree);
  context.cleanup(() => {
    for (const path of mounter.mountsBelow(root)) sys.unmount(path, { detach: true });
    sys.enterNamespace(home, "mount");
  });
  return { sys, root, tree, mounter };
}

const codeOf = (work: () => void): string => {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test(
  "agent mounts: land where they are named, and nowhere behind a link",
  (context) => {
    const { sys, root, mounter } = setUp(context);
    const mountPoint = `${root}/a/b`;
    mounter.mount({
      fstype: "tmpfs",
      source: "tmpfs",
      mountPoint,
      options: ["size=1m", "nosuid"],
      directoryMode: 0o700,
    });
    expect(mounter.isMountPoint(mountPoint)).toBe(true);
    expect(mounter.mountsBelow(`${root}/a`)).toEqual([mountPoint]);
    sys.writeFile(`${mountPoint}/f`, "x");
    mounter.unmount(mountPoint);
    expect(sys.readDir(mountPoint)).toEqual([]);
    mounter.unmount(`${root}/never`);
    const outside = context.tempDir();
    sys.symlink(outside, `${root}/link`);
    const through = { fstype: "tmpfs", source: "tmpfs", mountPoint: `${root}/link/x`, options: [] };
    expect(codeOf(() => mounter.mount(through))).toBe("ENOTDIR");
    expect(sys.readDir(outside)).toEqual([]);
  },
  { needsRoot: true },
);

test(
  "agent mounts: binds of files and directories keep their flags",
  (context) => {
    const { sys, root, mounter } = setUp(context);
    sys.writeFile(`${root}/file`, "content");
    mounter.mount({
      fstype: undefined,
      source: `${root}/file`,
      mountPoint: `${root}/m/file`,
      options: ["bind", "ro"],
      file: true,
    });
    expect(sys.readText(`${root}/m/file`)).toBe("content");
    expect(codeOf(() => sys.writeFile(`${root}/m/file`, "x"))).toBe("EROFS");
    sys.mkdir(`${root}/dir`);
    mounter.mount({ fstype: undefined, source: `${root}/dir`, mountPoint: `${root}/m/dir`, options: ["rbind", "ro"] });
    expect(codeOf(() => sys.writeFile(`${root}/m/dir/f`, "x"))).toBe("EROFS");
    sys.writeFile(`${root}/dir/f`, "y");
    expect(sys.readText(`${root}/m/dir/f`)).toBe("y");
  },
  { needsRoot: true },
);

test("agent mounts: octal escapes in mountinfo are read", () => {
  expect(mountPoints("1 2 0:3 / /a\\040b\\011c rw - tmpfs x rw\n\n")).toEqual(["/a b\tc"]);
});
