import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import type { Param } from "./param.ts";

/** How the kernel checks every block of the guest's image against one hash. */
export interface VerityParams {
  /** SHA-256 at the top of the hash tree, 64 hexadecimal digits. */
  readonly rootHash: string;
  /** Hexadecimal digits, or `-` for none. */
  readonly salt: string;
  readonly dataBlocks: bigint;
  /** Bytes. */
  readonly dataBlockSize: number;
  /** Bytes. */
  readonly hashBlockSize: number;
}

const key = "kernel_verity_params";
const maxLength = 2048;
const sectorBytes = 512n;
const u64Max = 0xffff_ffff_ffff_ffffn;
const blockRule = "must be a power of two from 512 to 65536";

/** The rule for every field; a number's pattern is checked before its bounds. */
const fields = {
  // The table that the kernel gets says sha256, and the kernel refuses a hash of another length.
  root_hash: { pattern: /^[0-9a-fA-F]{64}$/, rule: "must be 64 hexadecimal digits, a SHA-256 hash" },
  // 256 bytes are what veritysetup makes at most.
  salt: {
    pattern: /^(?:-|(?:[0-9a-fA-F]{2}){1,256})$/,
    rule: "must be an even number of hexadecimal digits, at most 512, or - for none",
  },
  data_blocks: { pattern: /^\d{1,20}$/, rule: "must be a whole number from 1 to 18446744073709551615" },
  data_block_size: { pattern: /^\d{3,5}$/, rule: blockRule },
  hash_block_size: { pattern: /^\d{3,5}$/, rule: blockRule },
} as const;

type Field = keyof typeof fields;

/**
 * Reads `root_hash=H,salt=S,data_blocks=N,data_block_size=N,hash_block_size=N` in any order; undefined when there is nothing
 * to read. Throws KataError `invalid-argument` that names field, rule and value.
 */
export function parseVerityParams(text: string): VerityParams | undefined {
  if (text.length > maxLength) {
    throw new KataError("invalid-argument", `${key} must have at most ${maxLength} characters, got ${text.length}`, {
      field: key,
    });
  }
  if (text.trim() === "") return undefined;
  const values = readFields(text);
  const dataBlocks = BigInt(fieldValue(values, "data_blocks"));
  if (dataBlocks === 0n || dataBlocks > u64Max) throw broken("data_blocks", String(dataBlocks));
  const verity: VerityParams = {
    rootHash: fieldValue(values, "root_hash"),
    salt: fieldValue(values, "salt"),
    dataBlocks,
    dataBlockSize: blockSize(values, "data_block_size"),
    hashBlockSize: blockSize(values, "hash_block_size"),
  };
  const sectors = sectorsOf(verity);
  if (sectors <= u64Max) return verity;
  throw new KataError(
    "invalid-argument",
    `${key}: data_blocks times data_block_size must be at most ${u64Max} sectors of 512 bytes, got ${sectors}`,
    { field: key },
  );
}

/**
 * `dm-mod.create` for a read-only device `/dev/dm-0` over a data and a hash partition, quoted because its value has spaces
 * (the kernel's admin-guide/device-mapper, dm-init and verity). The hash tree begins at block 0: it has no superblock.
 */
export function dmVerityParam(verity: VerityParams, dataDevice: string, hashDevice: string): Param {
  const { rootHash, salt, dataBlocks, dataBlockSize, hashBlockSize } = verity;
  const table = [0, sectorsOf(verity), "verity", 1, dataDevice, hashDevice, dataBlockSize, hashBlockSize, dataBlocks];
  const value = `dm-verity,,,ro,${[...table, 0, "sha256", rootHash, salt].join(" ")}`;
  return { key: "dm-mod.create", value: `"${value}"` };
}

function sectorsOf({ dataBlocks, dataBlockSize }: VerityParams): bigint {
  return (BigInt(dataBlockSize) / sectorBytes) * dataBlocks;
}

/** Fields by name; blanks around a field and a comma too many do no harm. */
function readFields(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const part of text.split(",")) {
    const entry = part.trim();
    if (entry === "") continue;
    const equals = entry.indexOf("=");
    const name = equals < 0 ? entry : entry.slice(0, equals);
    if (equals < 0) throw refuse(`${shown(name)} must have the form FIELD=VALUE`);
    if (!Object.hasOwn(fields, name)) {
      throw refuse(`${shown(name)} is none of its fields, which are ${Object.keys(fields).join(", ")}`);
    }
    if (values.has(name)) throw refuse(`${name} must be given once`);
    values.set(name, entry.slice(equals + 1));
  }
  return values;
}

function fieldValue(values: ReadonlyMap<string, string>, field: Field): string {
  const value = values.get(field);
  if (value === undefined) throw refuse(`${field} is missing; it ${fields[field].rule}`);
  if (!fields[field].pattern.test(value)) throw broken(field, value);
  return value;
}

function blockSize(values: ReadonlyMap<string, string>, field: "data_block_size" | "hash_block_size"): number {
  const text = fieldValue(values, field);
  const size = Number(text);
  if (size < 512 || size > 65_536 || (size & (size - 1)) !== 0) throw broken(field, text);
  return size;
}

function broken(field: Field, value: string): KataError {
  return refuse(`${field} ${fields[field].rule}, got ${shown(value, 80)}`);
}

function refuse(text: string): KataError {
  return new KataError("invalid-argument", `${key}: ${text}`, { field: key });
}
