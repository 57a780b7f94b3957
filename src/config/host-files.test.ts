import { describe, expect, test } from "vitest";
import type { FakeSys } from "../sys/fake.ts";
import { examineConfiguration } from "./examine.ts";
import { diskWith, linesOf, mainFile } from "./testing/examined.ts";

const files = `[hypervisor.qemu]
path = "/bin/qemu"
kernel = "/guest/kernel"
initrd = "/guest/initrd"
virtio_fs_daemon = "/bin/virtiofsd"
default_memory = 512
`;

function host(text: string, change: (sys: FakeSys) => void = () => {}): string[] {
  const sys = diskWith({ [mainFile]: text, "/guest/kernel": "x", "/guest/initrd": "x", "/guest/image": "x" });
  for (const program of ["/bin/qemu", "/bin/virtiofsd"]) sys.fake.addFile(program, "x", 0o755);
  sys.mknod("/dev/urandom", "char", 0o666, { major: 1, minor: 9 });
  change(sys);
  const fatal = ({ code }: { code: string }) => code === "bad-file" || code === "conflict";
  return linesOf(examineConfiguration({ sys }, { path: mainFile, hostFiles: true }).findings.filter(fatal));
}

const bytes = (mib: number) => ({ size: mib * 1024 * 1024 });

function withSize(sys: FakeSys, path: string, mib: number): void {
  const { stat } = sys;
  sys.stat = (one) => (one === path ? { ...stat(one), ...bytes(mib) } : stat(one));
}

describe("files that a configuration names", () => {
  test("are as they should be", () => {
    expect(host(files)).toEqual([]);
  });

  test("are looked for only when somebody asks", () => {
    const { findings } = examineConfiguration({ sys: diskWith({ [mainFile]: files }) }, { path: mainFile });
    expect(findings).toEqual([]);
  });

  test.each<[string, string, (sys: FakeSys) => void, string]>([
    [
      "is missing",
      files,
      (sys) => sys.unlink("/guest/kernel"),
      'error main.toml:3:10  hypervisor.qemu.kernel: must exist on this host; got "/guest/kernel"',
    ],
    [
      "is missing with its directory",
      files.replace("/guest/kernel", "/guest/kernel/x"),
      () => {},
      'error main.toml:3:10  hypervisor.qemu.kernel: must exist on this host; got "/guest/kernel/x"',
    ],
    [
      "is missing where nobody set it",
      files.replace(/path.*\n/, ""),
      () => {},
      'error hypervisor.qemu.path: must exist on this host; got "/usr/bin/qemu-system-x86_64", the default',
    ],
    [
      "is a directory",
      files.replace("/guest/initrd", "/guest"),
      () => {},
      'error main.toml:4:10  hypervisor.qemu.initrd: must be a file, not a directory; got "/guest"',
    ],
    [
      "is a FIFO",
      files.replace("/guest/initrd", "/guest/fifo"),
      (sys) => sys.mkfifo("/guest/fifo", 0o600),
      'error main.toml:4:10  hypervisor.qemu.initrd: must be a file, not a fifo; got "/guest/fifo"',
    ],
    [
      "is no program",
      files,
      (sys) => sys.chmod("/bin/qemu", 0o644),
      'error main.toml:2:8  hypervisor.qemu.path: must be executable; got "/bin/qemu"',
    ],
    [
      "is empty",
      files,
      (sys) => sys.fake.addFile("/guest/kernel", ""),
      'error main.toml:3:10  hypervisor.qemu.kernel: must not be empty; got "/guest/kernel"',
    ],
    [
      "may be changed by everyone",
      files,
      (sys) => sys.chmod("/guest/initrd", 0o666),
      "warning main.toml:4:10  hypervisor.qemu.initrd: should not be writable for everyone: whoever changes it owns every guest; " +
        'got "/guest/initrd"',
    ],
    [
      "lies where nobody may look",
      files,
      (sys) => sys.fake.fail("stat", { code: "EACCES", when: (path) => path === "/bin/virtiofsd" }),
      "error main.toml:5:20  hypervisor.qemu.virtio_fs_daemon: cannot be used: stat /bin/virtiofsd: fake EACCES (EACCES); " +
        'got "/bin/virtiofsd"',
    ],
    [
      "is a disk for random numbers",
      `${files}entropy_source = "/dev/sda"\n`,
      (sys) => sys.mknod("/dev/sda", "block", 0o600, { major: 8, minor: 0 }),
      'error main.toml:7:18  hypervisor.qemu.entropy_source: must be a character device or a file, not a block device; got "/dev/sda"',
    ],
    [
      "is one of a list",
      `${files}pflashes = ["/guest/kernel", "/gone"]\n`,
      () => {},
      'error main.toml:7:12  hypervisor.qemu.pflashes: must exist on this host; got "/gone"',
    ],
  ])("one %s", (_what, text, change, line) => {
    expect(host(text, change)).toEqual([line]);
  });

  test("need not be there when they are not used", () => {
    expect(host(`${files}shared_fs = "none"\n`, (sys) => sys.unlink("/bin/virtiofsd"))).toEqual([]);
    expect(host(`${files}jailer_path = "/gone"\n`)).toEqual([]);
    expect(host(files.replace("/bin/virtiofsd", ""))).toEqual([]);
  });

  test("may be links, and an image may be a disk", () => {
    const image = files.replace('initrd = "/guest/initrd"', 'image = "/dev/sdb"');
    expect(
      host(image, (sys) => {
        sys.mknod("/dev/sdb", "block", 0o600, { major: 8, minor: 16 });
        sys.unlink("/guest/kernel");
        sys.fake.addFile("/guest/kernel-6.18", "x");
        sys.symlink("kernel-6.18", "/guest/kernel");
      }),
    ).toEqual([]);
  });
});

describe("the guest's memory", () => {
  test("must be more than the initrd, which is unpacked into it", () => {
    const line = (mib: number) =>
      `error main.toml:6:18  hypervisor.qemu.default_memory: must be more than the initrd's size, which is ${mib} MiB; got 512`;
    expect(host(files, (sys) => withSize(sys, "/guest/initrd", 512))).toEqual([line(512)]);
    expect(host(files, (sys) => withSize(sys, "/guest/initrd", 512.5))).toEqual([line(513)]);
    expect(host(files, (sys) => withSize(sys, "/guest/initrd", 511.9))).toEqual([]);
  });

  test("may be less than the image, which stays on its disk", () => {
    const image = files.replace('initrd = "/guest/initrd"', 'image = "/guest/image"');
    expect(host(image, (sys) => withSize(sys, "/guest/image", 600))).toEqual([
      "note main.toml:6:18  hypervisor.qemu.default_memory: is not more than the image's size, which is 600 MiB: " +
        "the guest starts, but reads from its disk more often; got 512",
    ]);
  });
});
