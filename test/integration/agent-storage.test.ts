import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CopyFileRequest, type Storage } from "../../src/wire/gen/agent/agent.ts";
import type { DeepPartial } from "../../src/wire/protobuf/message-type.ts";
import { container, runContainer, SHARE, sandbox } from "../support/agent-requests.ts";
import { makeBusyboxRootfs } from "../support/busybox-rootfs.ts";
import { type AgentConnection, GuestVm } from "../support/guest-vm.ts";

const STORAGE = "/run/kata-containers/sandbox/storage";

let work: string;
let vm: GuestVm;
let connection: AgentConnection;

/** A disk image with an ext4 file system that holds one file. */
function makeDisk(name: string, text: string): string {
  const dir = join(work, `${name}.d`);
  mkdirSync(dir);
  writeFileSync(join(dir, "hello"), text);
  const image = join(work, `${name}.img`);
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", dir, image, "8M"], {
    env: { PATH: "/sbin:/usr/sbin:/bin:/usr/bin" },
  });
  return image;
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "kata-storage-"));
  mkdirSync(join(work, "share"));
  makeBusyboxRootfs(join(work, "share/rootfs"));
  mkdirSync(join(work, "share/layer1"));
  mkdirSync(join(work, "share/layer2"));
  writeFileSync(join(work, "share/layer1/a"), "lower\n");
  writeFileSync(join(work, "share/layer2/a"), "upper\n");
  const drive = (id: string, file: string) => ["-drive", `if=none,id=${id},file=${file},format=raw`];
  vm = await GuestVm.start({
    share: { dir: join(work, "share"), tag: "kataShared" },
    qemuArgs: [
      ...drive("cold", makeDisk("cold", "cold disk\n")),
      ...[
        "-device",
        "pci-bridge,id=br0,chassis_nr=1,addr=0x10",
        "-device",
        "virtio-blk-pci,drive=cold,bus=br0,addr=0x3",
      ],
      ...drive("hot", makeDisk("hot", "hot disk\n")),
      ...["-device", "pcie-root-port,id=rp0,chassis=2,addr=0x11"],
      ...["-device", "virtio-scsi-pci,id=scsi0,addr=0x12", ...drive("scsi", makeDisk("scsi", "scsi disk\n"))],
      ...["-device", "scsi-hd,drive=scsi,bus=scsi0.0,scsi-id=1,lun=2"],
      ...["-machine", "nvdimm=on", "-m", "slots=2,maxmem=1G"],
      ...["-object", `memory-backend-file,id=pmem0,mem-path=${makeDisk("pmem", "pmem disk\n")},size=8M,share=on`],
      ...["-device", "nvdimm,memdev=pmem0,id=nv0"],
    ],
  });
  connection = await vm.connect();
  await connection.agent.createSandbox(sandbox());
});

afterAll(async () => {
  await vm?.destroy();
  rmSync(work, { recursive: true, force: true });
});

const failure = (result: Promise<unknown>) =>
  result.then(
    () => undefined,
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );

let counter = 0;

/** Runs a shell script in a container that has these storages and sees their mount points at /m0, /m1... */
async function withStorages(storages: readonly DeepPartial<Storage>[], script: string): Promise<string> {
  const mounts = storages.map(({ mountPoint = "" }, index) => ({
    destination: `/m${index}`,
    type: "bind",
    source: mountPoint,
    options: ["rbind", "rw"],
  }));
  const outcome = await runContainer(
    connection,
    container(`storage${counter++}`, ["sh", "-c", script], { storages, mounts }),
  );
  return outcome.stdout + outcome.stderr;
}

describe("block devices", () => {
  test("behind a bridge are found by their PCI path", async () => {
    const storage = { driver: "blk", source: "10/03", fstype: "ext4", mountPoint: `${STORAGE}/cold`, options: ["ro"] };
    expect(await withStorages([storage], "cat /m0/hello; echo x >/m0/hello")).toMatch(
      /^cold disk\n.*Read-only file system/,
    );
  });

  test("may be plugged while the request waits", async () => {
    const storage = { driver: "blk", source: "11/00", fstype: "ext4", mountPoint: `${STORAGE}/hot` };
    const reading = withStorages([storage], "cat /m0/hello; echo written >/m0/new; cat /m0/new");
    await new Promise((done) => setTimeout(done, 100));
    await vm.qmp("device_add", { driver: "virtio-blk-pci", drive: "hot", id: "hotdisk", bus: "rp0", addr: "0x0" });
    expect(await reading).toBe("hot disk\nwritten\n");
  });

  test("on SCSI are found by id and unit", async () => {
    const storage = { driver: "scsi", source: "1:2", fstype: "ext4", mountPoint: `${STORAGE}/scsi` };
    expect(await withStorages([storage], "cat /m0/hello")).toBe("scsi disk\n");
  });

  test("may be named by their nodes", async () => {
    const storage = {
      driver: "mmioblk",
      source: "/dev/vda",
      fstype: "ext4",
      mountPoint: `${STORAGE}/node`,
      options: ["ro"],
    };
    expect(await withStorages([storage], "cat /m0/hello")).toBe("cold disk\n");
  });

  test("in persistent memory", async () => {
    const storage = {
      driver: "nvdimm",
      source: "/dev/pmem0",
      fstype: "ext4",
      mountPoint: `${STORAGE}/pmem`,
      options: ["ro"],
    };
    expect(await withStorages([storage], "cat /m0/hello")).toBe("pmem disk\n");
  });

  test("that never come are an error after the hotplug timeout, and what was mounted before is taken back", async () => {
    const first = {
      driver: "ephemeral",
      source: "tmpfs",
      fstype: "tmpfs",
      mountPoint: "/run/kata-containers/sandbox/ephemeral/first",
    };
    const missing = { driver: "blk", source: "1e", fstype: "ext4", mountPoint: `${STORAGE}/missing` };
    const request = container("missing1", ["true"], { storages: [first, missing] });
    expect(await failure(connection.agent.createContainer(request))).toMatchObject({
      code: "deadline-exceeded",
      message: expect.stringContaining("Storage 1"),
    });
    const mounts = [{ destination: "/kata", type: "bind", source: "/run/kata-containers", options: ["rbind", "ro"] }];
    const { stdout } = await runContainer(
      connection,
      container("missing2", ["sh", "-c", "grep ephemeral /proc/self/mountinfo | wc -l"], { mounts }),
    );
    expect(stdout).toBe("0\n");
  });

  test.each([
    [{ source: "../../x" }, "invalid-argument"],
    [{ source: "10/03", fstype: "nfs" }, "invalid-argument"],
    [{ source: "10/03", options: ["ro,suid"] }, "invalid-argument"],
    [{ source: "10/03", mountPoint: "/etc" }, "invalid-argument"],
    [{ source: "10/03", mountPoint: `${STORAGE}/../../../etc` }, "invalid-argument"],
    [{ source: "10/03", driverOptions: ["encryption_key=ephemeral"] }, "unimplemented"],
  ])("are refused as %j", async (fields, code) => {
    const storage = { driver: "blk", fstype: "ext4", mountPoint: `${STORAGE}/bad`, ...fields };
    expect(
      await failure(connection.agent.createContainer(container("badblk", ["true"], { storages: [storage] }))),
    ).toMatchObject({ code });
  });
});

describe("memory and directories", () => {
  test("tmpfs volumes have their size, mode and group", async () => {
    const storage = {
      driver: "ephemeral",
      source: "tmpfs",
      fstype: "tmpfs",
      mountPoint: "/run/kata-containers/sandbox/ephemeral/mem",
      options: ["size=2m", "mode=0700", "nosuid", "fsgid=1234"],
    };
    expect(await withStorages([storage], "df -k /m0 | tail -1 | awk '{print $2}'; stat -c '%a %g' /m0")).toBe(
      "2048\n2770 1234\n",
    );
  });

  test("local directories have their mode and go with their last user", async () => {
    const storage = {
      driver: "local",
      source: "local",
      fstype: "local",
      mountPoint: `${SHARE}/local/data`,
      options: ["mode=0777"],
    };
    expect(await withStorages([storage], "stat -c %a /m0; touch /m0/file")).toBe("777\n");
    expect(await withStorages([storage], "ls /m0")).toBe("");
  });

  test("are shared by the containers that name them", async () => {
    const storage = {
      driver: "ephemeral",
      source: "tmpfs",
      fstype: "tmpfs",
      mountPoint: "/run/kata-containers/sandbox/ephemeral/shared",
    };
    const mounts = [{ destination: "/data", type: "bind", source: storage.mountPoint, options: ["rbind"] }];
    const { agent } = connection;
    await agent.createContainer(container("holder2", ["sleep", "1000"], { storages: [storage], mounts }));
    await agent.startContainer({ containerId: "holder2" });
    expect(await withStorages([storage], "echo kept >/m0/x")).toBe("");
    expect(await withStorages([storage], "cat /m0/x")).toBe("kept\n");
    await agent.removeContainer({ containerId: "holder2", timeout: 0 });
    expect(await withStorages([storage], "cat /m0/x 2>&1")).toContain("No such file");
  });

  test("take a group for every file in them", async () => {
    mkdirSync(join(work, "share/grouped/sub"), { recursive: true });
    writeFileSync(join(work, "share/grouped/sub/f"), "x", { mode: 0o640 });
    const storage = {
      driver: "bind",
      source: `${SHARE}/grouped`,
      mountPoint: `${STORAGE}/grouped`,
      fsGroup: { groupId: 4321, groupChangePolicy: 0 },
    };
    expect(await withStorages([storage], "stat -c '%g %a' /m0/sub/f; stat -c '%g %a' /m0/sub")).toBe(
      "4321 660\n4321 2775\n",
    );
  });
});

describe("layers and binds", () => {
  test("an overlay puts layers together and may be written", async () => {
    const mountPoint = "/run/kata-containers/over1/rootfs";
    const storage = {
      driver: "overlayfs",
      source: "overlay",
      fstype: "overlay",
      mountPoint,
      options: [
        `lowerdir=${SHARE}/layer2:${SHARE}/layer1`,
        "upperdir=/run/kata-containers/over1/u",
        "workdir=/run/kata-containers/over1/w",
      ],
      driverOptions: ["/run/kata-containers/over1/u", "/run/kata-containers/over1/w"].map(
        (dir) => `io.katacontainers.volume.overlayfs.create_directory=${dir}`,
      ),
    };
    expect(await withStorages([storage], "cat /m0/a; echo new >/m0/b; cat /m0/b")).toBe("upper\nnew\n");
  });

  test("a container may have an overlay for its root", async () => {
    const root = "/run/kata-containers/over2/rootfs";
    const storage = {
      driver: "overlayfs",
      source: "overlay",
      fstype: "overlay",
      mountPoint: root,
      options: [`lowerdir=${SHARE}/rootfs`, "io.katacontainers.fs-opt.overlay-rw"],
    };
    const outcome = await runContainer(
      connection,
      container("over2", ["sh", "-c", "echo hi >/written; cat /written"], { storages: [storage], root }),
    );
    expect(outcome.stdout).toBe("hi\n");
  });

  test("a bind of a file", async () => {
    const storage = { driver: "bind", source: `${SHARE}/layer1/a`, mountPoint: `${STORAGE}/file`, options: ["ro"] };
    const mounts = [{ destination: "/kata", type: "bind", source: "/run/kata-containers", options: ["rbind"] }];
    const request = container(
      "file1",
      ["sh", "-c", "cat /kata/sandbox/storage/file; (echo x >/kata/sandbox/storage/file) 2>&1"],
      {
        storages: [storage],
        mounts,
      },
    );
    expect((await runContainer(connection, request)).stdout).toMatch(/^lower\n.*Read-only file system/);
  });

  test.each([
    [{ driver: "overlayfs", mountPoint: `${STORAGE}/o`, options: ["lowerdir=/etc:/usr"] }],
    [{ driver: "bind", source: "/etc", mountPoint: `${STORAGE}/b` }],
    [{ driver: "bind", source: `${SHARE}/../../../../etc`, mountPoint: `${STORAGE}/b` }],
    [{ driver: "virtio-fs", source: "a b", fstype: "virtiofs", mountPoint: `${STORAGE}/v` }],
    [{ driver: "ephemeral", fstype: "ext4", mountPoint: `${STORAGE}/e` }],
  ])("refuse %j", async (storage) => {
    expect(
      await failure(connection.agent.createContainer(container("badlayer", ["true"], { storages: [storage] }))),
    ).toMatchObject({ code: "invalid-argument" });
  });
});

describe("copied files", () => {
  const copy = (fields: DeepPartial<CopyFileRequest>) =>
    connection.agent.copyFile(CopyFileRequest.create({ uid: -1, gid: -1, ...fields }));
  const read = (script: string) =>
    runContainer(
      connection,
      container(`copy${counter++}`, ["sh", "-c", script], {
        mounts: [{ destination: "/c", type: "bind", source: `${SHARE}/copied`, options: ["rbind"] }],
      }),
    ).then(({ stdout, stderr }) => stdout + stderr);

  test("arrive in parts, with mode and owner, only when complete", async () => {
    const path = `${SHARE}/copied/dir/file`;
    const data = Buffer.alloc(300_000, "copy");
    await copy({ path, fileSize: 300_000n, fileMode: 0o100640, dirMode: 0o750, data: data.subarray(0, 200_000) });
    expect(await read("ls /c/dir")).toBe("file.tmp\n");
    await copy({
      path,
      fileSize: 300_000n,
      fileMode: 0o100640,
      uid: 7,
      gid: 8,
      offset: 200_000n,
      data: data.subarray(200_000),
    });
    expect(await read("stat -c '%a %u %g %s' /c/dir/file; stat -c %a /c/dir; ls /c/dir")).toBe(
      "640 7 8 300000\n750\nfile\n",
    );
  });

  test("include directories and links, which can be replaced", async () => {
    await copy({ path: `${SHARE}/copied/d`, fileMode: 0o040755 });
    await copy({ path: `${SHARE}/copied/d/..v1`, fileMode: 0o042775, gid: 99 });
    await copy({ path: `${SHARE}/copied/d/..v1/key`, fileMode: 0o100644, fileSize: 2n, data: Buffer.from("v1") });
    await copy({ path: `${SHARE}/copied/d/..data`, fileMode: 0o120777, data: Buffer.from("..v0") });
    await copy({ path: `${SHARE}/copied/d/..data`, fileMode: 0o120777, data: Buffer.from("..v1") });
    expect(await read("cat /c/d/..data/key; stat -c ' %a %g' /c/d/..v1")).toBe("v1 2775 99\n");
  });

  test("never go through a link", async () => {
    await copy({ path: `${SHARE}/copied/l/real`, fileMode: 0o040755 });
    await copy({ path: `${SHARE}/copied/l/link`, fileMode: 0o120777, data: Buffer.from("real") });
    const through = copy({ path: `${SHARE}/copied/l/link/file`, fileSize: 1n, data: Buffer.from("x") });
    expect(await failure(through)).toMatchObject({ code: "invalid-argument" });
    expect(await failure(copy({ path: "/etc/x", fileSize: 1n, data: Buffer.from("x") }))).toMatchObject({
      code: "invalid-argument",
    });
    expect(
      await failure(copy({ path: `${SHARE}/copied/gap`, fileSize: 9n, offset: 5n, data: Buffer.from("x") })),
    ).toBeDefined();
  });
});
