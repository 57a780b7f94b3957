import type { Architecture } from "../../../../config/architecture.ts";

/** What a file of the guest is meant to be. */
export type GuestFileKind = "kernel" | "initrd" | "image";

/** What a file's first bytes tell. */
export interface Format {
  readonly name: string;
  /** Undefined when the format does not tell. */
  readonly architecture?: Architecture | undefined;
}

interface Signature {
  readonly name: string;
  readonly at: number;
  readonly bytes: readonly number[];
  readonly architecture?: (start: Uint8Array) => Architecture | undefined;
}

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

/** e_machine of ELF files (elf.h). */
const elfMachines: ReadonlyMap<number, Architecture> = new Map([
  [21, "ppc64le"],
  [22, "s390x"],
  [62, "amd64"],
  [183, "arm64"],
  [243, "riscv64"],
]);

/** s390x stores the more significant byte first, and says so in EI_DATA. */
function elfArchitecture(start: Uint8Array): Architecture | undefined {
  const [low = 0, high = 0] = start[5] === 2 ? [start[19], start[18]] : [start[18], start[19]];
  return elfMachines.get(low + high * 256);
}

/** The boot protocols' headers (Documentation/arch/{x86,arm64,riscv}), and what compressors write first. */
const signatures: Readonly<Record<GuestFileKind, readonly Signature[]>> = {
  kernel: [
    { name: "ELF", at: 0, bytes: [0x7f, ...ascii("ELF")], architecture: elfArchitecture },
    { name: "bzImage", at: 0x202, bytes: ascii("HdrS"), architecture: () => "amd64" },
    { name: "Image", at: 0x38, bytes: [...ascii("ARM"), 0x64], architecture: () => "arm64" },
    { name: "Image", at: 0x38, bytes: [...ascii("RSC"), 0x05], architecture: () => "riscv64" },
    { name: "gzip", at: 0, bytes: [0x1f, 0x8b] },
    { name: "EFI", at: 0, bytes: ascii("MZ") },
  ],
  initrd: [
    { name: "cpio", at: 0, bytes: ascii("07070") },
    { name: "cpio, lz4", at: 0, bytes: [0x02, 0x21, 0x4c, 0x18] },
    { name: "cpio, gzip", at: 0, bytes: [0x1f, 0x8b] },
    { name: "cpio, zstd", at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] },
    { name: "cpio, xz", at: 0, bytes: [0xfd, ...ascii("7zXZ")] },
    { name: "cpio, bzip2", at: 0, bytes: ascii("BZh") },
    { name: "cpio, lzma", at: 0, bytes: [0x5d, 0x00, 0x00] },
    { name: "cpio, lzo", at: 0, bytes: [0x89, ...ascii("LZO")] },
  ],
  image: [
    { name: "disk with a partition table", at: 510, bytes: [0x55, 0xaa] },
    { name: "ext4", at: 1024 + 0x38, bytes: [0x53, 0xef] },
    { name: "xfs", at: 0, bytes: ascii("XFSB") },
    { name: "erofs", at: 1024, bytes: [0xe2, 0xe1, 0xf5, 0xe0] },
    { name: "squashfs", at: 0, bytes: ascii("hsqs") },
  ],
};

/** The format of a file that is meant to be a kernel, an initrd or an image; undefined when it is none. */
export function recognise(kind: GuestFileKind, start: Uint8Array): Format | undefined {
  const found = signatures[kind].find(({ at, bytes }) => bytes.every((byte, index) => start[at + index] === byte));
  return found === undefined ? undefined : { name: found.name, architecture: found.architecture?.(start) };
}
