import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { create, type DescField, type DescMessage, fromBinary, ScalarType, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageType } from "../../src/wire/protobuf/message-type.ts";
import { readProtoRegistry } from "./descriptors.ts";

// Compares the generated codecs, all of them, with the reference implementation of protobuf for JavaScript.

const registry = readProtoRegistry(fileURLToPath(new URL("../../proto", import.meta.url)));
const codecs = await loadCodecs(fileURLToPath(new URL("../../src/wire/gen", import.meta.url)));
const types = [...registry].filter((desc) => desc.kind === "message");

/** Message types that between them have every kind of field. */
const SAMPLES = [
  "grpc.CreateContainerRequest",
  "grpc.StatsContainerResponse",
  "ttrpc.Request",
  "containerd.types.Sandbox",
];

describe("generated codecs", () => {
  test("exist for every message of the proto files", () => {
    expect([...codecs.keys()].sort()).toEqual(types.map((desc) => desc.typeName).sort());
    expect(codecs.size).toBeGreaterThan(200);
  });

  test.each(types.map((desc) => [desc.typeName, desc] as const))(
    "%s encodes and decodes like the reference",
    (name, desc) => {
      const codec = codecs.get(name) as MessageType<object>;
      fc.assert(
        fc.property(arbitraryMessage(desc, 1), (message) => {
          const expected = referenceBytes(desc, message);
          expect(hex(codec.encode(message).finish())).toBe(hex(expected));
          expect(codec.decode(expected)).toEqual(message);
          expect(codec.create(message)).toEqual(message);
        }),
        { numRuns: 10 },
      );
    },
  );

  test.each(SAMPLES)("%s merges a message that comes in two parts like the reference", (name) => {
    const { codec, desc } = sample(name);
    fc.assert(
      fc.property(arbitraryMessage(desc, 2), arbitraryMessage(desc, 2), (first, second) => {
        const bytes = Buffer.concat([referenceBytes(desc, first), referenceBytes(desc, second)]);
        const expected = toBinary(desc, fromBinary(desc, bytes));
        expect(hex(codec.encode(codec.decode(bytes)).finish())).toBe(hex(expected));
      }),
      { numRuns: 30 },
    );
  });

  test.each(SAMPLES)("%s reads damaged bytes as some message, or refuses them", (name) => {
    const { codec, desc } = sample(name);
    const place = fc.tuple(fc.nat(), fc.nat(255));
    const counts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        arbitraryMessage(desc, 2),
        fc.array(place, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        (message, damage, cut) => {
          const whole = referenceBytes(desc, message);
          const bytes = cut % 4 === 0 ? whole.slice(0, cut % (whole.length + 1)) : whole;
          for (const [at, value] of damage) if (bytes.length > 0) bytes[at % bytes.length] = value;
          let decoded: object;
          try {
            decoded = codec.decode(bytes);
          } catch (error) {
            expect(error).toMatchObject({ name: "KataError", code: "invalid-argument" });
            counts.refused++;
            return;
          }
          counts.accepted++;
          const again = codec.encode(decoded).finish();
          expect(hex(codec.encode(codec.decode(again)).finish())).toBe(hex(again));
        },
      ),
      { numRuns: 200 },
    );
    expect(counts.accepted).toBeGreaterThan(10);
    expect(counts.refused).toBeGreaterThan(10);
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function sample(name: string): { codec: MessageType<object>; desc: DescMessage } {
  const codec = codecs.get(name);
  const desc = registry.getMessage(name);
  if (!codec || !desc) throw new Error(`no message ${name}`);
  return { codec, desc };
}

async function loadCodecs(folder: string): Promise<Map<string, MessageType<object>>> {
  const found = new Map<string, MessageType<object>>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts"),
  )) {
    const exports: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href);
    for (const value of Object.values(exports)) if (value instanceof MessageType) found.set(value.name, value);
  }
  return found;
}

type Message = Record<string, unknown>;

/** Any message of the type; message fields are left out at `depth` 0. */
function arbitraryMessage(desc: DescMessage, depth: number): fc.Arbitrary<Message> {
  return fc.record(Object.fromEntries(desc.fields.map((field) => [field.localName, arbitraryField(field, depth)])));
}

function arbitraryField(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const value = field.message ? arbitraryMessage(field.message, depth - 1) : arbitraryScalar(field);
  const maxLength = field.message && depth <= 0 ? 0 : 3;
  if (field.fieldKind === "list") return fc.array(value, { maxLength });
  if (field.fieldKind === "map") {
    // The reference keeps maps in plain objects, which cannot hold this key.
    const key = fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => text !== "__proto__");
    return fc.dictionary(key, value, { maxKeys: maxLength });
  }
  if (field.message && depth <= 0) return fc.constant(undefined);
  return field.message || field.oneof || field.proto.proto3Optional ? fc.option(value, { nil: undefined }) : value;
}

function arbitraryScalar(field: DescField): fc.Arbitrary<unknown> {
  switch (field.scalar) {
    case ScalarType.STRING:
      return fc.oneof(
        fc.string({ unit: "binary", maxLength: 12 }),
        fc.constant("\uFEFFtext"),
        fc.string({ minLength: 120, maxLength: 140 }),
      );
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 300 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.UINT32:
      return fc.oneof(fc.nat(300), fc.constantFrom(0xffffffff, 0x80000000), fc.nat());
    case ScalarType.INT64:
      return fc.oneof(
        fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
        fc.bigInt({ min: -200n, max: 200n }),
        powers,
      );
    case ScalarType.UINT64:
      return fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 200n }), powers);
    default:
      return fc.oneof(fc.integer(), fc.integer({ min: -200, max: 200 }), fc.constantFrom(0x7fffffff, -0x80000000));
  }
}

/** Where the encoded length of an integer changes. */
const powers = fc
  .tuple(fc.integer({ min: 0, max: 62 }), fc.constantFrom(0n, 1n))
  .map(([bit, less]) => (1n << BigInt(bit)) - less);

function referenceBytes(desc: DescMessage, message: Message): Uint8Array {
  return toBinary(desc, create(desc, toInit(desc, message) as never));
}

/** The reference wraps the members of a oneof; everything else has the same shape. */
function toInit(desc: DescMessage, message: Message): Message {
  const init: Message = {};
  for (const field of desc.fields) {
    const value = message[field.localName];
    if (value === undefined) continue;
    const convert = (item: unknown) => (field.message ? toInit(field.message, item as Message) : item);
    if (field.oneof) init[field.oneof.localName] = { case: field.localName, value: convert(value) };
    else if (field.fieldKind === "list") init[field.localName] = (value as unknown[]).map(convert);
    else if (field.fieldKind === "map") {
      init[field.localName] = Object.fromEntries(
        Object.entries(value as Message).map(([key, item]) => [key, convert(item)]),
      );
    } else init[field.localName] = convert(value);
  }
  return init;
}
