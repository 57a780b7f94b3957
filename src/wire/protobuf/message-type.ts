import { KataError } from "../../base/error.ts";
import type { Codec } from "../codec.ts";
import { parseFieldList } from "./field-list.ts";
import type * as fields from "./fields.ts";
import { initialValue, isVarint, NUMBER, type ScalarKind, TEXT, TEXTS, toField, zeroOf } from "./fields.ts";
import { ProtobufReader } from "./reader.ts";
import { readScalar, writeScalar } from "./scalars.ts";
import { ProtobufWriter } from "./writer.ts";

/** What `create` takes: every field may be left out, at every depth. */
export type DeepPartial<T> = T extends Uint8Array | string | number | bigint | boolean | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly DeepPartial<E>[]
    : { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined };

type Values = Record<string, unknown>;
type Field = fields.Field<MessageType<object>>;
/** A field of a message type. */
export type FieldRow = fields.FieldRow<MessageType<object>>;

/**
 * A protobuf message type: the codec of messages of type `T`, driven by the list of its fields. Interpreting a table
 * instead of generating code per message keeps programs small; no type contains itself, so depth is bounded by the schema.
 */
export class MessageType<T extends object> implements Codec<T> {
  /** Fully qualified name, which is also the type URL by which containerd's Any names the message. */
  readonly name: string;
  private readonly list: string | (() => readonly FieldRow[]);
  private readonly types: (() => readonly MessageType<object>[]) | undefined;
  private prepared:
    | { readonly ordered: readonly Field[]; readonly byNumber: readonly (Field | undefined)[] }
    | undefined;

  /**
   * `list` is the fields as `parseFieldList` reads them, with their message types, or rows. Both are looked at when the type
   * is used first, so that types may refer to types declared later.
   */
  constructor(name: string, list: string | (() => readonly FieldRow[]), types?: () => readonly MessageType<object>[]) {
    this.name = name;
    this.list = list;
    this.types = types;
  }

  /** A complete message: the given fields, copied, and defaults for the others. Bytes are shared, not copied. */
  create(partial: DeepPartial<T> = {} as DeepPartial<T>): T {
    const given = partial as Values;
    const message: Values = {};
    for (const field of (this.prepared ?? this.prepare()).ordered) {
      const value = given[field.name];
      message[field.name] = value === undefined ? initialValue(field) : copyValue(field, value);
    }
    return message as T;
  }

  /**
   * Encodes a message. Fields that are undefined count as not set. Throws KataError `out-of-range`, naming the field, for
   * a number its type cannot hold.
   */
  encode(message: T): ProtobufWriter {
    const writer = new ProtobufWriter();
    this.encodeInto(message, writer);
    return writer;
  }

  encodeInto(message: T, writer: ProtobufWriter): void {
    try {
      this.write(message as Values, writer);
    } catch (error) {
      if (!(error instanceof KataError)) throw error;
      throw new KataError(error.code, `Cannot encode ${this.name}: ${error.message}`);
    }
  }

  /**
   * Decodes a message; unknown fields are ignored, `bytes` fields are views into the input. Throws KataError
   * `invalid-argument` for malformed bytes and `resource-exhausted` for a message of more than `maxSlots` values.
   */
  decode(bytes: Uint8Array, maxSlots?: number): T {
    return this.decodeFrom(new ProtobufReader(bytes, maxSlots));
  }

  decodeFrom(reader: ProtobufReader): T {
    const start = reader.position;
    try {
      return this.read(reader, undefined) as T;
    } catch (error) {
      if (!(error instanceof KataError)) throw error;
      throw new KataError(error.code, `Malformed ${this.name} at byte ${reader.position - start}: ${error.message}`);
    }
  }

  private prepare() {
    const { list } = this;
    const rows = typeof list === "string" ? parseFieldList(list, this.types?.() ?? []) : list();
    const byNumber: (Field | undefined)[] = [];
    const ordered = rows.map((row): Field => toField(row));
    for (const field of ordered) byNumber[field.number] = field;
    this.prepared = { ordered, byNumber };
    return this.prepared;
  }

  /** A message with every field at its default. */
  private blank(reader: ProtobufReader): Values {
    const fields = (this.prepared ?? this.prepare()).ordered;
    reader.spend(fields.length + 1);
    const message: Values = {};
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as Field;
      message[field.name] = field.shape === "single" ? field.zero : initialValue(field);
    }
    return message;
  }

  /** Reads up to the reader's end. A message that comes in several pieces is merged, as the format demands. */
  private read(reader: ProtobufReader, previous: Values | undefined): Values {
    const { byNumber } = this.prepared ?? this.prepare();
    const message = previous ?? this.blank(reader);
    while (reader.position < reader.end) {
      const tag = reader.prefix();
      const field = byNumber[tag >>> 3];
      if (tag === field?.tag) {
        if (field.path === TEXT) message[field.name] = reader.text();
        else if (field.path === TEXTS) reader.texts(message[field.name] as string[], tag);
        else this.readField(message, field, reader);
      } else if (field?.shape === "repeated" && tag === field.number * 8 && isVarint(field.type)) {
        // A scalar of a repeated field outside the packed form: old encoders write it so.
        this.readElement(message[field.name] as unknown[], field, reader);
      } else reader.skip(tag);
    }
    return message;
  }

  private readField(message: Values, field: Field, reader: ProtobufReader): void {
    const { name, type } = field;
    if (field.shape === "map") this.readEntry(message[name] as Values, field, reader);
    else if (field.shape !== "repeated") {
      message[name] = typeof type === "string" ? readScalar(type, reader) : type.readNested(reader, message[name]);
    } else if (isVarint(type)) {
      const outer = reader.enter();
      while (reader.position < reader.end) this.readElement(message[name] as unknown[], field, reader);
      reader.leave(outer);
    } else this.readElement(message[name] as unknown[], field, reader);
  }

  private readElement(list: unknown[], { type }: Field, reader: ProtobufReader): void {
    reader.spend(1);
    list.push(typeof type === "string" ? readScalar(type, reader) : type.readNested(reader, undefined));
  }

  private readEntry(map: Values, { type }: Field, reader: ProtobufReader): void {
    reader.spend(2);
    const outer = reader.enter();
    let key = "";
    let value = zeroOf(type);
    while (reader.position < reader.end) {
      const tag = reader.prefix();
      if (tag === MAP_KEY_TAG) key = reader.text();
      else if (tag === valueTag(type)) {
        value = typeof type === "string" ? readScalar(type, reader) : type.readNested(reader, value);
      } else reader.skip(tag);
    }
    reader.leave(outer);
    map[key] = value === undefined && typeof type !== "string" ? type.blank(reader) : value;
  }

  private readNested(reader: ProtobufReader, previous: unknown): Values {
    const outer = reader.enter();
    const message = this.read(reader, previous as Values | undefined);
    reader.leave(outer);
    return message;
  }

  private write(message: Values, writer: ProtobufWriter): void {
    const fields = (this.prepared ?? this.prepare()).ordered;
    for (let i = 0, count = fields.length; i < count; i++) {
      const field = fields[i] as Field;
      const value = message[field.name];
      if (value === undefined || value === field.zero) continue;
      const { path } = field;
      if (path === TEXT) writer.textField(field.tag, value as string);
      else if (path === NUMBER && ((value as number) | 0) === value && value > 0) writer.numberField(field.tag, value);
      else this.writeField(value, field, writer);
    }
  }

  private writeField(value: unknown, field: Field, writer: ProtobufWriter): void {
    if (field.shape === "repeated") this.writeList(value as readonly unknown[], field, writer);
    else if (field.shape === "map") this.writeMap(value as Values, field, writer);
    else if (field.zero === undefined || field.type !== "bytes" || (value as Uint8Array).length > 0) {
      this.writeValue(field.tag, value, field, writer);
    }
  }

  private writeValue(tag: number, value: unknown, { name, type }: Field, writer: ProtobufWriter): void {
    writer.varint32(tag);
    if (typeof type === "string") {
      writeScalar(type, value, writer, name);
      return;
    }
    const mark = writer.open();
    type.write(value as Values, writer);
    writer.close(mark);
  }

  private writeList(list: readonly unknown[], field: Field, writer: ProtobufWriter): void {
    const { name, type, tag } = field;
    if (!isVarint(type)) {
      for (let i = 0; i < list.length; i++) this.writeValue(tag, list[i], field, writer);
    } else if (list.length > 0) {
      writer.varint32(tag);
      const mark = writer.open();
      for (let i = 0; i < list.length; i++) writeScalar(type as ScalarKind, list[i], writer, name);
      writer.close(mark);
    }
  }

  private writeMap(map: Values, field: Field, writer: ProtobufWriter): void {
    for (const key of Object.keys(map)) {
      writer.varint32(field.tag);
      const mark = writer.open();
      writer.varint32(MAP_KEY_TAG);
      writer.text(key);
      this.writeValue(valueTag(field.type), map[key], field, writer);
      writer.close(mark);
    }
  }
}

/** A map is a repeated message of a key, field 1, and a value, field 2. */
const MAP_KEY_TAG = 0x0a;
const valueTag = (type: Field["type"]) => (isVarint(type) ? 0x10 : 0x12);

function copyValue({ shape, type }: Field, value: unknown): unknown {
  const copy = (item: unknown) => (typeof type === "string" ? item : type.create(item as object));
  if (shape === "repeated") return (value as unknown[]).map(copy);
  if (shape !== "map") return copy(value);
  const map: Values = Object.create(null);
  for (const key of Object.keys(value as Values)) map[key] = copy((value as Values)[key]);
  return map;
}
