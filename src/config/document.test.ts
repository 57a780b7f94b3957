import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "../base/bytes.ts";
import { causeChain, KataError } from "../base/error.ts";
import { readDocuments } from "./document.ts";
import { diskWith, linesOf, mainFile, toldOf } from "./testing/examined.ts";

const qemu = '[hypervisor.qemu]\ninitrd = "/i"\n';
const directory = "/etc/kata/config.d";

function caught(work: () => unknown): KataError {
  try {
    work();
  } catch (error) {
    if (error instanceof KataError) return error;
  }
  throw new Error("No KataError");
}

describe("what is no TOML", () => {
  test.each([
    ["a key twice", `${qemu}kernel = "/a"\nkernel = "/b"\n`, ["error main.toml:4:1  kernel is already set on line 3"]],
    [
      "a table twice",
      `${qemu}[hypervisor.qemu]\npath = "/x"\n`,
      ["error main.toml:3:1  hypervisor.qemu is already defined on line 1"],
    ],
    [
      "an integer of more than 64 bits",
      `${qemu}default_memory = 9223372036854775808\n`,
      ["error main.toml:3:18  9223372036854775808 does not fit into 64 bits"],
    ],
    [
      "a string without end, which could have been the image",
      '[hypervisor.qemu]\nimage = "/x\nkernel = \n',
      ["error main.toml:2:9  A string must end on its line", 'error main.toml:3:10  A value must follow "="'],
    ],
    [
      "nesting without end",
      `${qemu}a = ${"[".repeat(9999)}\n`,
      ["error main.toml:3:67  Tables and arrays nest at most 64 deep"],
    ],
  ])("%s", (_what, text, lines) => {
    expect(toldOf(text)).toEqual(lines);
  });

  test("does not hide what contradicts itself", () => {
    expect(toldOf('[hypervisor.qemu]\ninitrd = "/i"\nimage = "/j"\nx = \n')).toContain(
      'error main.toml:3:9  hypervisor.qemu.image: excludes initrd, which is "/i": set one of the two to ""',
    );
  });
});

describe("ways of writing a text", () => {
  const text = `${qemu}defalt_vcpus = 1\n`;
  const line =
    "warning main.toml:3:1  hypervisor.qemu.defalt_vcpus: is not a known key and is ignored (did you mean default_vcpus?)";

  test("CRLF and a byte order mark change no place", () => {
    expect(toldOf(text.replaceAll("\n", "\r\n"))).toEqual([line]);
    expect(toldOf(`\ufeff${text}`)).toEqual([line]);
    expect(toldOf("\ufeffx = 1\n")[0]).toBe("warning main.toml:1:1  x: stands before the first table and is ignored");
  });

  test("what is not UTF-8 is told with its place, and the rest is read", () => {
    const bytes = concatBytes(
      [utf8Encode(`${qemu}kernel_params = "caf`), [0xe9], utf8Encode('"\nfoo = 1\n')].map((part) =>
        Uint8Array.from(part),
      ),
    );
    expect(toldOf(bytes)).toEqual([
      "error main.toml:3:21  The file must be UTF-8, which allows no byte 0xe9 here",
      "warning main.toml:4:1  hypervisor.qemu.foo: is not a known key and is ignored",
    ]);
    expect(toldOf(concatBytes([utf8Encode(`${qemu}# `), Uint8Array.of(0xf0, 0x9f)]))).toEqual([
      "error main.toml:3:3  The file must be UTF-8, which allows no byte 0xf0 here",
    ]);
    // The replacement character itself is a character like others.
    expect(toldOf(`${qemu}# \ufffd\n`)).toEqual([]);
  });

  test.each([
    ["little", [0xff, 0xfe], (code: number) => [code & 0xff, code >> 8]],
    ["big", [0xfe, 0xff], (code: number) => [code >> 8, code & 0xff]],
  ])("UTF-16, %s end first, is called by its name", (_end, mark, pair) => {
    const bytes = Uint8Array.from([...mark, ...[...qemu].flatMap((char) => pair(char.charCodeAt(0)))]);
    expect(toldOf(bytes)).toEqual(["error main.toml:1:1  The file must be UTF-8, and this is UTF-16"]);
  });
});

describe("the main file", () => {
  const read = (prepare: (sys: ReturnType<typeof diskWith>) => void) => {
    const sys = diskWith({});
    sys.fake.addDirectory("/etc/kata");
    prepare(sys);
    const error = caught(() => readDocuments(sys, mainFile));
    expect(error).toMatchObject({ stage: "load-config", hint: expect.stringContaining("--config or KATA_CONF_FILE") });
    return { code: error.code, chain: causeChain(error) };
  };

  test("that does not exist", () => {
    const { code, chain } = read(() => {});
    expect(code).toBe("not-found");
    expect(chain[0]).toBe(`Configuration file ${mainFile} does not exist`);
  });

  test("that is a link to nowhere", () => {
    const { code, chain } = read((sys) => sys.symlink("/opt/gone", mainFile));
    expect(code).toBe("not-found");
    expect(chain[0]).toBe(`Configuration file ${mainFile} is a link to /opt/gone, which does not exist`);
  });

  test("that is a link to itself", () => {
    const { code, chain } = read((sys) => sys.symlink(mainFile, mainFile));
    expect(code).toBe("invalid-argument");
    expect(chain[0]).toBe(`Cannot read configuration file ${mainFile}`);
  });

  test("that may not be read", () => {
    const { code, chain } = read((sys) => {
      sys.fake.addFile(mainFile, qemu);
      sys.fake.fail("readFile", "EACCES");
    });
    expect(code).toBe("permission-denied");
    expect(chain[0]).toBe(`Cannot read configuration file ${mainFile}`);
  });

  test.each([
    ["directory", (sys: ReturnType<typeof diskWith>) => sys.mkdir(mainFile)],
    ["fifo", (sys: ReturnType<typeof diskWith>) => sys.mkfifo(mainFile, 0o600)],
  ])("that is a %s is not opened", (kind, make) => {
    const { code, chain } = read((sys) => {
      make(sys);
      sys.fake.fail("readFile", "EIO");
    });
    expect([code, chain[1]]).toEqual(["invalid-argument", `${mainFile} is not a file but a ${kind}`]);
  });

  test("that has 10 MB is refused before it is read", () => {
    const { code, chain } = read((sys) => sys.fake.addFile(mainFile, new Uint8Array(10_000_000)));
    expect([code, chain[1]]).toEqual(["resource-exhausted", `File ${mainFile} is larger than 1048576 bytes`]);
  });
});

describe("drop-ins", () => {
  const told = (sys: ReturnType<typeof diskWith>) => linesOf(readDocuments(sys, mainFile).findings);
  const filesOf = (sys: ReturnType<typeof diskWith>) => readDocuments(sys, mainFile).documents.map(({ file }) => file);

  test("are read in the order of their names, behind the main file", () => {
    const sys = diskWith({ [mainFile]: qemu, "20-b.toml": "", "10-z.toml": "", "9.toml": "", "A.toml": "" });
    expect(filesOf(sys)).toEqual([
      mainFile,
      ...["10-z.toml", "20-b.toml", "9.toml", "A.toml"].map((name) => `${directory}/${name}`),
    ]);
    expect(readDocuments(sys, mainFile).documents.map(({ dropIn }) => dropIn)).toEqual([false, true, true, true, true]);
  });

  test("stand beside the file that links lead to", () => {
    const sys = diskWith({ "/opt/kata/etc/main.toml": qemu, "/opt/kata/etc/config.d/1.toml": "", "wrong.toml": "" });
    sys.symlink("/opt/kata/etc/main.toml", mainFile);
    expect(filesOf(sys)).toEqual([mainFile, "/opt/kata/etc/config.d/1.toml"]);
  });

  test("with another name are noted", () => {
    const sys = diskWith({ [mainFile]: qemu, "a.toml.bak": "[", "b.TOML": "[", ".c.toml.swp": "[" });
    expect(told(sys)).toEqual([
      "note config.d/.c.toml.swp  is not read: names of drop-ins end in .toml",
      "note config.d/a.toml.bak  is not read: names of drop-ins end in .toml",
      "note config.d/b.TOML  is not read: names of drop-ins end in .toml",
    ]);
  });

  test("that cannot be read are named, and the others are read", () => {
    const sys = diskWith({
      [mainFile]: qemu,
      "a.toml": "",
      "z.toml": "",
      "n\ufffd.toml": "",
      "huge.toml": " ".repeat(2 ** 21),
    });
    sys.mkdir(`${directory}/dir.toml`);
    sys.mkfifo(`${directory}/fifo.toml`, 0o600);
    sys.symlink("/gone", `${directory}/link.toml`);
    sys.symlink("loop.toml", `${directory}/loop.toml`);
    sys.fake.fail("readFile", { code: "EACCES", when: (path) => String(path).endsWith("/a.toml") });
    // A name of other bytes than UTF-8's is not the name that it was decoded to.
    sys.fake.fail("stat", { code: "ENOENT", when: (path) => String(path).includes("\ufffd") });
    sys.fake.fail("readLink", { code: "ENOENT", when: (path) => String(path).includes("\ufffd") });
    expect(told(sys)).toEqual([
      "error config.d/a.toml  cannot be read: readFile config.d/a.toml: fake EACCES (EACCES)",
      "error config.d/dir.toml  cannot be read: config.d/dir.toml is not a file but a directory",
      "error config.d/fifo.toml  cannot be read: config.d/fifo.toml is not a file but a fifo",
      "error config.d/huge.toml  cannot be read: File config.d/huge.toml is larger than 1048576 bytes",
      "error config.d/link.toml  is a link to /gone, which does not exist",
      "error config.d/loop.toml  cannot be read: stat config.d/loop.toml: fake ELOOP (ELOOP)",
      "error config.d/n\ufffd.toml  cannot be read: its name is not UTF-8; rename it",
    ]);
    expect(filesOf(sys)).toEqual([mainFile, `${directory}/z.toml`]);
  });

  test("of which there are too many stop a start", () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${1000 + index}.toml`, ""]));
    const sys = diskWith({ [mainFile]: qemu, ...many });
    expect(told(sys)).toEqual(["error config.d  has 300 drop-ins; at most 256 are read"]);
    expect(filesOf(sys)).toHaveLength(257);
  });

  test("that are too big together stop a start", () => {
    const big = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}.toml`, "#".repeat(2 ** 20)]));
    const sys = diskWith({ [mainFile]: qemu, ...big });
    expect(told(sys)).toEqual([
      "error config.d/3.toml  is not read, nor what follows: all files together exceed 4194304 bytes",
    ]);
    expect(filesOf(sys)).toHaveLength(4);
  });

  test.each([
    ["a link to nowhere", (sys: ReturnType<typeof diskWith>) => sys.symlink("/gone", directory), "ENOENT"],
    ["a link to itself", (sys: ReturnType<typeof diskWith>) => sys.symlink(directory, directory), "ELOOP"],
    ["a file", (sys: ReturnType<typeof diskWith>) => sys.fake.addFile(directory, ""), "ENOTDIR"],
    [
      "not for everyone",
      (sys: ReturnType<typeof diskWith>) => {
        sys.mkdir(directory);
        sys.fake.fail("readDir", "EACCES");
      },
      "EACCES",
    ],
  ])("whose directory is %s stop a start", (_what, make, code) => {
    const sys = diskWith({ [mainFile]: qemu });
    make(sys);
    const [line, ...others] = told(sys);
    expect(line).toMatch(new RegExp(`^error config\\.d {2}cannot be read: .* \\(${code}\\)$`));
    expect(others).toEqual([]);
  });

  test("are no matter when there is no directory for them", () => {
    const { documents, findings } = readDocuments(diskWith({ [mainFile]: qemu }), mainFile);
    expect([documents.length, findings]).toEqual([1, []]);
  });
});
