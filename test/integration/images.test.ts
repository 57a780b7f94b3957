import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CommandResult, TestHost } from "../support/kata-ctl.ts";
import { pushLayeredImage } from "../support/layered-image.ts";
import { expectNoLeaks, type HostSnapshot, run, snapshotHost } from "../support/leak-check.ts";
import { type LayerEntry, type LayoutOptions, writeLayout } from "../support/oci-layout.ts";
import { LocalRegistry } from "../support/registry.ts";

let host: TestHost;
let before: HostSnapshot;

beforeEach(() => {
  host = new TestHost();
  before = snapshotHost();
});
afterEach(async () => {
  host.remove();
  await expectNoLeaks(before);
});

interface Image {
  readonly name: string;
  readonly id: string;
  readonly digest: string;
}

async function list(): Promise<Image[]> {
  return JSON.parse((await host.must(["images", "--format", "json"])).stdout) as Image[];
}

/** The unpacked root file system of an image. */
function rootfsOf(image: Image): string {
  return path.join(host.root, "lib/rootfs", image.id.replace("sha256:", ""));
}

/** Files that a pull may leave: none but the index. */
function leftovers(): string[] {
  const inside = (folder: string) => {
    const directory = path.join(host.root, "lib", folder);
    return existsSync(directory) ? readdirSync(directory) : [];
  };
  return [...inside("tmp"), ...inside("rootfs"), ...inside("oci/blobs/sha256")];
}

function expectError(result: CommandResult, message: RegExp): void {
  expect(result.stderr).toMatch(/^error: /);
  expect(result.stderr).toMatch(/^ {2}stage {3}prepare-image$/m);
  expect(result.stderr).toMatch(message);
  expect(result.code).toBe(1);
  expect(result.stdout).toBe("");
}

describe("a registry", () => {
  let registry: LocalRegistry;
  let reference: string;
  let digest: string;

  beforeAll(async () => {
    registry = await LocalRegistry.start();
    reference = `${registry.address}/team/app:1`;
    digest = pushLayeredImage(reference);
  });
  afterAll(() => registry.stop());

  test("an image arrives with its layers applied, owners and configuration", async () => {
    await host.must(["pull", reference]);
    const [image] = await list();
    if (image === undefined) throw new Error("no image");
    expect(image).toMatchObject({ name: reference, digest });
    const rootfs = rootfsOf(image);
    expect(readFileSync(path.join(rootfs, "data/kept"), "utf8")).toBe("second layer");
    expect(existsSync(path.join(rootfs, "data/deleted-later"))).toBe(false);
    expect(readdirSync(path.join(rootfs, "replaced"))).toEqual(["new"]);
    expect(statSync(path.join(rootfs, "home/app"))).toMatchObject({ uid: 1234, gid: 2345 });
    expect(readlinkSync(path.join(rootfs, "bin/sh"))).toBe("busybox");
    expect(leftovers().filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  });

  test("the store is an OCI layout that other tools read", async () => {
    await host.must(["pull", reference]);
    const inspected = JSON.parse(run("skopeo", "inspect", "--config", `oci:${host.root}/lib/oci:${reference}`)) as {
      config: Record<string, unknown>;
    };
    expect(inspected.config).toMatchObject({ User: "app", WorkingDir: "/home/app", Volumes: { "/data/volume": {} } });
  });

  test("only root may enter the store, as images contain set-user-id programs", async () => {
    await host.must(["pull", reference]);
    expect(statSync(path.join(host.root, "lib")).mode & 0o777).toBe(0o700);
  });

  test("pulls at the same time end with one image", async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => host.ctl(["pull", "-q", reference])));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(await list()).toHaveLength(1);
    expect(readdirSync(path.join(host.root, "lib/rootfs"))).toHaveLength(1);
  });

  test("a digest is honoured; a wrong one and an unknown name are told apart from a registry that is away", async () => {
    const name = reference.replace(/:1$/, "");
    await host.must(["pull", `${name}@${digest}`]);
    expectError(await host.ctl(["pull", `${name}@sha256:${"0".repeat(64)}`]), /there is no image .*sha256:0{64}/);
    expectError(await host.ctl(["pull", `${name}:nope`]), /there is no image .*team\/app:nope/);
    expectError(await host.ctl(["pull", `${registry.address}/no/such`]), /there is no image/);
    expectError(await host.ctl(["pull", "127.0.0.1:1/a"]), /registry 127\.0\.0\.1:1 cannot be reached/);
    expect(await list()).toHaveLength(1);
  });

  test("an image can have several names; the last one takes its content along", async () => {
    await host.must(["pull", reference]);
    await host.must(["pull", "--name", "second", reference]);
    expect((await list()).map(({ name }) => name).sort()).toEqual([reference, "second:latest"].sort());
    expect((await host.must(["rmi", "second"])).stdout).toBe("Untagged: second:latest\n");
    expect((await host.must(["rmi", reference])).stdout).toMatch(/^Untagged: .*\nDeleted: sha256:[0-9a-f]{64}\n$/);
    expect(leftovers()).toEqual([]);
    expect((await host.ctl(["rmi", reference])).stderr).toMatch(/there is no image/);
  });
});

describe("archives", () => {
  function layout(name: string, layers: readonly (readonly LayerEntry[])[], options?: LayoutOptions): string {
    const directory = path.join(host.root, name);
    writeLayout(directory, layers, options);
    return directory;
  }
  const hello: LayerEntry[] = [{ kind: "file", name: "hello", content: "hi", mode: 0o4755 }];

  test("of `docker save` are known by their own name or by the given one, compressed or not", async () => {
    const archive = path.join(host.root, "saved.tar");
    run("skopeo", "copy", "-q", `oci:${layout("l", [hello])}:t`, `docker-archive:${archive}:team/saved:2`);
    expect((await host.must(["pull", archive])).stdout).toMatch(/^team\/saved:2 /);
    expect((await host.must(["pull", `docker-archive:${archive}`, "--name", "other"])).stdout).toMatch(
      /^other:latest /,
    );
    run("gzip", archive);
    expect((await host.must(["pull", `${archive}.gz`])).stdout).toMatch(/^team\/saved:2 /);
    expect(new Set((await list()).map(({ id }) => id)).size).toBe(1);
  });

  test("of the OCI kind, and layouts", async () => {
    const archive = path.join(host.root, "image.tar");
    const directory = layout("l", [hello]);
    run("skopeo", "copy", "-q", `oci:${directory}:t`, `oci-archive:${archive}:x/y:3`);
    expect((await host.must(["pull", archive])).stdout).toMatch(/^x\/y:3 /);
    expect((await host.must(["pull", `oci:${directory}:t`, "--name", "l"])).stdout).toMatch(/^l:latest /);
    expect((await host.must(["pull", directory])).stdout).toMatch(/^l:latest /);
  });

  test("that are unchanged are not imported again", async () => {
    const archive = path.join(host.root, "image.tar");
    run("skopeo", "copy", "-q", `oci:${layout("l", [hello])}:t`, `oci-archive:${archive}:x:1`);
    await host.must(["pull", archive]);
    const [first] = await list();
    const again = await host.must(["pull", archive], { env: { PATH: "/nonexistent" } });
    expect(again.stdout).toMatch(/^x:1 /);
    expect(await list()).toEqual([first]);
  });

  test("keep modes, links and extended attributes", async () => {
    const capability = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    const directory = layout("l", [
      [
        ...hello,
        { kind: "file", name: "able", content: "x", xattrs: { "security.capability": capability, "user.note": "yes" } },
        { kind: "hardlink", name: "twin", target: "hello" },
        { kind: "symlink", name: "link", target: "/absolute/target" },
        { kind: "directory", name: "sticky", mode: 0o1777, uid: 7, gid: 8 },
      ],
    ]);
    await host.must(["pull", directory]);
    const [image] = await list();
    if (image === undefined) throw new Error("no image");
    const inside = (name: string) => path.join(rootfsOf(image), name);
    expect(statSync(inside("hello")).mode & 0o7777).toBe(0o4755);
    expect(statSync(inside("twin")).ino).toBe(statSync(inside("hello")).ino);
    expect(readlinkSync(inside("link"))).toBe("/absolute/target");
    expect(statSync(inside("sticky"))).toMatchObject({ uid: 7, gid: 8, mode: 0o41777 });
    const attributes = execFileSync("python3", [
      "-c",
      "import os,sys; print(os.getxattr(sys.argv[1],'security.capability').hex(), os.getxattr(sys.argv[1],'user.note').decode())",
      inside("able"),
    ]).toString();
    expect(attributes.trim()).toBe(`${Buffer.from(capability, "latin1").toString("hex")} yes`);
  });

  test("for another machine are refused", async () => {
    const directory = layout("l", [hello], { architecture: "s390x" });
    expectError(await host.ctl(["pull", directory]), /is for linux\/s390x/);
    expect(leftovers()).toEqual([]);
  });

  describe("that are broken leave nothing and say so", () => {
    test.each<[string, (directory: string) => void, RegExp]>([
      ["a truncated file", (file) => truncateSync(file, 3000), /is broken/],
      ["a file truncated between entries", (file) => truncateSync(file, 1536), /is (broken|not an image archive)/],
      ["garbage", (file) => writeFileSync(file, "garbage"), /is not an image archive/],
      ["an empty file", (file) => writeFileSync(file, ""), /is not an image archive/],
      ["no file at all", (file) => rmSync(file), /there is no image archive/],
    ])("%s", async (_, damage, message) => {
      const archive = path.join(host.root, "image.tar");
      const noise = Array.from({ length: 40_000 }, (_unused, index) =>
        ((index * index * 7919) % 65_521).toString(36),
      ).join("");
      const entries: LayerEntry[] = [{ kind: "file", name: "noise", content: noise }];
      run("skopeo", "copy", "-q", `oci:${layout("l", [entries])}:t`, `oci-archive:${archive}:x:1`);
      damage(archive);
      expectError(await host.ctl(["pull", `oci-archive:${archive}`, "--name", "x"]), message);
      expect(leftovers()).toEqual([]);
      expect(await list()).toEqual([]);
    });

    test("a layer whose content is not what its digest says", async () => {
      const damage = (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 40 ? byte ^ 1 : byte)));
      expectError(await host.ctl(["pull", layout("l", [hello], { damage })]), /does not match its digest/);
      expect(leftovers()).toEqual([]);
    });

    test("a layer that ends too early", async () => {
      const truncate = (bytes: Buffer) => bytes.subarray(0, bytes.length - 30);
      expectError(
        await host.ctl(["pull", layout("l", [hello], { truncate })]),
        /layers of image l:latest cannot be unpacked/,
      );
      expect(leftovers()).toEqual([]);
    });
  });

  describe("with hostile paths cannot reach outside", () => {
    const evil: LayerEntry = { kind: "file", name: "x", content: "evil" };
    const cases: readonly [string, readonly (readonly LayerEntry[])[]][] = [
      ["..", [[{ ...evil, name: "../../../../../../../../ESCAPE" }]]],
      ["an absolute path", [[{ ...evil, name: "/ESCAPE" }]]],
      [
        "a link, then a write through it",
        [
          [
            { kind: "symlink", name: "l", target: "ROOT" },
            { ...evil, name: "l/victim" },
          ],
        ],
      ],
      [
        "a link in one layer and a write through it in the next",
        [[{ kind: "symlink", name: "l", target: "ROOT" }], [{ ...evil, name: "l/victim" }]],
      ],
      [
        "a relative link upwards",
        [
          [
            { kind: "symlink", name: "l", target: "../../../../../../../../../../ROOT" },
            { ...evil, name: "l/victim" },
          ],
        ],
      ],
      ["a hard link to a file outside", [[{ kind: "hardlink", name: "h", target: "ROOT/victim" }]]],
      [
        "a hard link through a link",
        [
          [
            { kind: "symlink", name: "l", target: "ROOT" },
            { kind: "hardlink", name: "h", target: "l/victim" },
          ],
        ],
      ],
      ["a hard link upwards", [[{ kind: "hardlink", name: "h", target: "../../../../../../../../../ROOT/victim" }]]],
      [
        "a whiteout through a link",
        [[{ kind: "symlink", name: "l", target: "ROOT" }], [{ ...evil, name: "l/.wh.victim" }]],
      ],
      ["a whiteout of the root", [[evil], [{ ...evil, name: ".wh.." }]]],
      ["a whiteout of what is above the root", [[evil], [{ ...evil, name: ".wh..." }]]],
      [
        "a whiteout of what is above the root, from below",
        [[evil, { kind: "directory", name: "d" }], [{ ...evil, name: "d/../.wh..." }]],
      ],
      [
        "an opaque whiteout through a link",
        [[{ kind: "symlink", name: "l", target: "ROOT" }], [{ ...evil, name: "l/.wh..wh..opq" }]],
      ],
      [
        "a file in place of a link's target",
        [[{ kind: "symlink", name: "victim", target: "ROOT/victim" }], [{ ...evil, name: "victim" }]],
      ],
    ];
    test.each(cases)("%s", async (_, layers) => {
      const outside = path.join(host.root, "outside");
      mkdirSync(outside);
      writeFileSync(path.join(outside, "victim"), "untouched");
      const place = (text: string) => text.replaceAll("ROOT", outside);
      const placed = layers.map((entries) =>
        entries.map((entry) => ("target" in entry ? { ...entry, target: place(entry.target) } : entry)),
      );
      await host.must(["pull", path.dirname(writeAndName("good", [hello]))]);
      const result = await host.ctl(["pull", layout("evil", placed)]);
      if (result.code !== 0) expectError(result, /cannot be unpacked/);
      expect(readFileSync(path.join(outside, "victim"), "utf8")).toBe("untouched");
      expect(readdirSync(outside)).toEqual(["victim"]);
      expect(lstatSync(path.join(outside, "victim")).nlink).toBe(1);
      for (const place of ["/ESCAPE", path.join(host.root, "ESCAPE"), path.join(host.root, "lib/ESCAPE")]) {
        expect(existsSync(place)).toBe(false);
      }
      // The store and the image that was there before are whole.
      const good = (await list()).find(({ name }) => name === "good:latest");
      if (good === undefined) throw new Error("the good image is gone");
      expect(readFileSync(path.join(rootfsOf(good), "hello"), "utf8")).toBe("hi");
      expect(readdirSync(path.join(host.root, "lib/tmp"))).toEqual([]);
    });

    function writeAndName(name: string, layers: readonly (readonly LayerEntry[])[]): string {
      return path.join(layout(name, layers), "index.json");
    }
  });
});

describe("an image that loses its name to a newer one", () => {
  const layer = (content: string): LayerEntry[] => [{ kind: "file", name: "content", content }];

  async function pullAs(name: string, content: string): Promise<Image> {
    const directory = path.join(host.root, `layout-${content}`);
    writeLayout(directory, [layer(content)]);
    await host.must(["pull", directory, "--name", name]);
    const image = (await list()).find((candidate) => candidate.name === `${name}:latest`);
    if (image === undefined) throw new Error("no image");
    return image;
  }

  test("is deleted at once when nothing runs on it", async () => {
    const old = await pullAs("app", "old");
    const renewed = await pullAs("app", "new");
    expect(existsSync(rootfsOf(old))).toBe(false);
    expect(readFileSync(path.join(rootfsOf(renewed), "content"), "utf8")).toBe("new");
    expect(await list()).toHaveLength(1);
  });

  test("stays while a container runs on it", async () => {
    const old = await pullAs("app", "old");
    const container = path.join(host.root, "run/other/containers/abc");
    mkdirSync(container, { recursive: true });
    const rootfs = { kind: "image", name: "app:latest", id: old.id };
    writeFileSync(path.join(container, "record.json"), JSON.stringify({ version: 1, id: "abc", name: "user", rootfs }));
    await pullAs("app", "new");
    await pullAs("second", "second");
    await host.must(["rmi", "second"]);
    expect(readFileSync(path.join(rootfsOf(old), "content"), "utf8")).toBe("old");
    expect((await host.ctl(["rmi", "app"])).stderr).not.toContain("in use");
    rmSync(container, { recursive: true });
    await pullAs("app", "newest");
    await pullAs("app", "newest-of-all");
    expect(existsSync(rootfsOf(old))).toBe(false);
  });
});

describe("the host", () => {
  const hello: LayerEntry[] = [{ kind: "file", name: "hello", content: "hi" }];

  test("without skopeo or umoci is told which Debian package to install", async () => {
    const directory = path.join(host.root, "l");
    writeLayout(directory, [hello]);
    const result = await host.ctl(["pull", directory], { env: { PATH: "/nonexistent" } });
    expectError(result, /the program skopeo is not installed/);
    expect(result.stderr).toMatch(/hint .*apt-get install skopeo/);
  });

  test("with a full disk is told so, and keeps what it had", async () => {
    const directory = path.join(host.root, "l");
    const noise = Array.from({ length: 200_000 }, (_, index) => ((index * index * 7919) % 65_521).toString(36)).join(
      "",
    );
    writeLayout(directory, [[{ kind: "file", name: "noise", content: noise }]]);
    const lib = path.join(host.root, "lib");
    mkdirSync(lib);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", lib]);
    try {
      const result = await host.ctl(["pull", directory]);
      expectError(result, /no room left/);
      expect(leftovers()).toEqual([]);
    } finally {
      execFileSync("umount", ["--lazy", lib]);
    }
  });

  test("killed in the middle of a pull goes on with the next one as if nothing had been", async () => {
    const directory = path.join(host.root, "l");
    writeLayout(directory, [hello]);
    mkdirSync(path.join(host.root, "lib/tmp/abandoned/layout"), { recursive: true, mode: 0o700 });
    mkdirSync(path.join(host.root, "lib/oci/blobs/sha256"), { recursive: true });
    writeFileSync(path.join(host.root, "lib/oci/blobs/sha256", "f".repeat(64)), "half a blob");
    await host.must(["pull", directory]);
    expect(readdirSync(path.join(host.root, "lib/tmp"))).toEqual([]);
    expect(existsSync(path.join(host.root, "lib/oci/blobs/sha256", "f".repeat(64)))).toBe(false);
    expect(await list()).toHaveLength(1);
  });
});
