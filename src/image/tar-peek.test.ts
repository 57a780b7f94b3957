import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { compressionOf, peekArchive } from "./tar-peek.ts";

let sys: FakeSys;
beforeEach(() => {
  sys = createFakeSys();
});

function tar(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks: Buffer[] = [];
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("0", 156);
    blocks.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const index = JSON.stringify({
  manifests: [
    {
      annotations: {
        "org.opencontainers.image.ref.name": "1.0",
        "io.containerd.image.name": "docker.io/library/x:1.0",
      },
    },
    { annotations: { "org.opencontainers.image.ref.name": "y:2" } },
    {},
    null,
  ],
});

test.each([
  [{ "./blobs/x": "a", "index.json": index, "oci-layout": "{}" }, "oci-archive", ["docker.io/library/x:1.0", "y:2"]],
  [{ "manifest.json": '[{"RepoTags":["a:1","b:2"]},{"RepoTags":null}]' }, "docker-archive", ["a:1", "b:2"]],
  [
    { "manifest.json": '[{"RepoTags":["a:1"]}]', "oci-layout": "{}", "index.json": index },
    "oci-archive",
    ["docker.io/library/x:1.0", "y:2"],
  ],
  [{ "manifest.json": "not JSON" }, "docker-archive", []],
])("peekArchive tells the kind and the names of %o", (files, kind, names) => {
  sys.fake.addFile("/x.tar", tar(files));
  expect(peekArchive(sys, "/x.tar")).toEqual({ kind, names });
  expect(sys.fake.openDescriptors).toEqual([]);
});

test.each([
  [[0x1f, 0x8b, 8, 0], "gzip"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0xfd, 0x37, 0x7a, 0x58], "xz"],
  [[0x42, 0x5a, 0x68, 0x39], "bzip2"],
  [[0x42], undefined],
  [[], undefined],
])("compressionOf %o is %s", (bytes, expected) => {
  sys.fake.addFile("/x", new Uint8Array(bytes));
  expect(compressionOf(sys, "/x")).toBe(expected);
});

test("a file that ends early is broken, anything else is no archive", () => {
  sys.fake.addFile("/cut", tar({ "index.json": index }).subarray(0, 520));
  expect(() => peekArchive(sys, "/cut")).toThrow(/is broken/);
  sys.fake.addFile("/other", tar({ readme: "x" }));
  expect(() => peekArchive(sys, "/other")).toThrow(/not an image archive/);
});

test("hostile bytes give a KataError or an answer", () => {
  const sizes = fc.constantFrom("77777777777", "00000000000", "-1", "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2048 }), sizes, (bytes, size) => {
      const content = new Uint8Array(Math.max(512, bytes.length));
      content.set(bytes);
      Buffer.from(content.buffer).write(size, 124, "latin1");
      sys.fake.addFile("/fuzz", content);
      try {
        peekArchive(sys, "/fuzz");
      } catch (error) {
        if (!(error instanceof KataError)) throw error;
      }
    }),
  );
});
