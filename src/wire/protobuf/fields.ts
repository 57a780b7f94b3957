/** Scalar types in use. A field of an enum is an "int32": a peer may send numbers that have no name here. */
export type ScalarKind = "string" | "bytes" | "bool" | "int32" | "uint32" | "int64" | "uint64";

/**
 * One field as generated code lists it: number, property name, type, then a label ("repeated", or "optional" for scalars
 * that tell absent from zero); for maps with string keys the type of the values comes last. `M` is a message type.
 */
export type FieldRow<M> =
  | readonly [number: number, name: string, type: ScalarKind | M, label?: "repeated" | "optional"]
  | readonly [number: number, name: string, type: "map", values: ScalarKind | M];

/** How a field sits in its message. */
type Shape = "single" | "optional" | "repeated" | "map";

/** A field prepared for the encoder and decoder. */
export interface Field<M> {
  readonly number: number;
  readonly name: string;
  readonly shape: Shape;
  /** Type of the value, of the elements, or of the map's values. */
  readonly type: ScalarKind | M;
  /** The tag this side writes: number and wire type, length-delimited for every repeated field (packed scalars). */
  readonly tag: number;
  /** The single value that is not written: undefined for messages and fields that tell absent from zero. */
  readonly zero: unknown;
  /** What most fields are, told apart by a number: the engine compares texts slowly. */
  readonly path: Path;
}

/** Ways through encoder and decoder: single texts, lists of texts, single numbers of 32 bits, and everything else. */
export const TEXT = 1;
export const NUMBER = 2;
export const TEXTS = 3;
const OTHER = 0;
type Path = typeof TEXT | typeof NUMBER | typeof TEXTS | typeof OTHER;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Prepares one row. */
export function toField<M>([number, name, type, extra]: FieldRow<M>): Field<M> {
  // The row's union ties type and extra together, which the compiler cannot follow through destructuring.
  const shape = (type === "map" ? "map" : (extra ?? "single")) as Shape;
  const valueType = (type === "map" ? extra : type) as ScalarKind | M;
  const packed = shape === "repeated" || shape === "map" || !isVarint(valueType);
  const tag = number * 8 + (packed ? LENGTH_DELIMITED : VARINT);
  const zero = shape === "single" ? zeroOf(valueType) : undefined;
  return { number, name: propertyName(name), shape, type: valueType, tag, zero, path: pathOf(shape, valueType) };
}

/** The same text, as the engine keeps names of properties: looked up by another one, it is hashed each time. */
function propertyName(name: string): string {
  return Object.keys({ [name]: 0 })[0] as string;
}

function pathOf(shape: Shape, type: unknown): Path {
  if (shape === "repeated") return type === "string" ? TEXTS : OTHER;
  if (shape === "map") return OTHER;
  if (type === "string") return TEXT;
  return type === "uint32" || type === "int32" ? NUMBER : OTHER;
}

/** True when a single value of the type is a varint on the wire. */
export function isVarint(type: unknown): boolean {
  return typeof type === "string" && type !== "string" && type !== "bytes";
}

/** What a field holds before anything is decoded into it. */
export function initialValue(field: Field<unknown>): unknown {
  switch (field.shape) {
    case "repeated":
      return [];
    case "map":
      // No prototype: a key named __proto__ or constructor is a key like any other.
      return Object.create(null);
    default:
      return field.zero;
  }
}

/** What a value of the type is when it is not set: undefined for messages. */
export function zeroOf(type: unknown): unknown {
  switch (type) {
    case "string":
      return "";
    case "bytes":
      return EMPTY;
    case "bool":
      return false;
    case "int32":
    case "uint32":
      return 0;
    case "int64":
    case "uint64":
      return 0n;
    default:
      return undefined;
  }
}

const EMPTY = new Uint8Array(0);
