import { type DescEnum, type DescField, type DescFile, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { commentLines } from "./comments.ts";

/** Protobuf scalars that the runtime under src/wire/protobuf knows, and the TypeScript types of their values. */
const scalarTypes: Partial<Record<ScalarType, [kind: string, type: string]>> = {
  [ScalarType.STRING]: ["string", "string"],
  [ScalarType.BYTES]: ["bytes", "Uint8Array"],
  [ScalarType.BOOL]: ["bool", "boolean"],
  [ScalarType.INT32]: ["int32", "number"],
  [ScalarType.UINT32]: ["uint32", "number"],
  [ScalarType.INT64]: ["int64", "bigint"],
  [ScalarType.UINT64]: ["uint64", "bigint"],
};

/** The generated module of a .proto file, as a path below the output folder. */
export function modulePath(file: DescFile): string {
  return `${file.name}.ts`;
}

/** Writes the TypeScript module of one .proto file. Throws when the file uses what the runtime does not support. */
export function emitFile(file: DescFile): string {
  const imports = new Map<string, Set<string>>();
  /** The local name of a message or enum, imported when it lives in another file. */
  const use = (desc: DescMessage | DescEnum): string => {
    const name = localName(desc);
    if (desc.file !== file) {
      const path = relativePath(modulePath(file), modulePath(desc.file));
      imports.set(path, (imports.get(path) ?? new Set()).add(name));
    }
    return name;
  };

  const blocks = [...enumsOf(file).map(emitEnum), ...messagesOf(file).map((message) => emitMessage(message, use))];
  const runtime = relativePath(modulePath(file), "../protobuf/message-type.ts");
  const lines = [`// Generated from ${file.name}.proto by \`npm run generate\`; do not edit.`];
  if (messagesOf(file).length > 0) lines.push(`import { MessageType } from "${runtime}";`);
  for (const [path, names] of [...imports].sort())
    lines.push(`import { ${[...names].sort().join(", ")} } from "${path}";`);
  return `${lines.join("\n")}\n\n${blocks.join("\n\n")}\n`;
}

/** All messages of a file, nested ones after their parent, without the entries of maps. */
function messagesOf(scope: DescFile | DescMessage): DescMessage[] {
  const own = scope.kind === "file" ? scope.messages : scope.nestedMessages;
  return own.flatMap((message) => [message, ...messagesOf(message)]);
}

function enumsOf(file: DescFile): DescEnum[] {
  return [...file.enums, ...messagesOf(file).flatMap((message) => message.nestedEnums)];
}

function emitEnum(desc: DescEnum): string {
  const name = localName(desc);
  const values = desc.values.map((value) => `  ${value.name}: ${value.number},`);
  return [
    ...docLines(desc, "", "A peer may send numbers that have no name here."),
    `export const ${name} = {\n${values.join("\n")}\n} as const;`,
    `export type ${name} = number;`,
  ].join("\n");
}

function emitMessage(message: DescMessage, use: (desc: DescMessage | DescEnum) => string): string {
  if (reaches(message, message))
    throw new Error(`${message.typeName}: a message that contains itself is not supported`);
  const name = localName(message);
  const fields = [...message.fields].sort((a, b) => a.number - b.number);
  const members = fields.flatMap((field) => [...docLines(field, "  "), `  ${emitMember(field, use)}`]);
  const list = fields.map((field) => emitRow(field, use)).join(",");
  const types = fields.flatMap(({ message: type }) => (type ? [use(type)] : []));
  const more = types.length > 0 ? `, () => [${types.join(", ")}]` : "";
  return [
    ...docLines(message, ""),
    members.length > 0 ? `export interface ${name} {\n${members.join("\n")}\n}` : `export type ${name} = object;`,
    `export const ${name}: MessageType<${name}> = /* @__PURE__ */ new MessageType("${message.typeName}", "${list}"${more});`,
  ].join("\n");
}

function emitMember(field: DescField, use: (desc: DescMessage | DescEnum) => string): string {
  const { tsType } = valueType(field, use);
  const name = field.localName;
  if (field.fieldKind === "list") return `${name}: ${tsType}[];`;
  if (field.fieldKind === "map") return `${name}: { [key: string]: ${tsType} };`;
  return mayBeAbsent(field) ? `${name}?: ${tsType} | undefined;` : `${name}: ${tsType};`;
}

/** A field as src/wire/protobuf/field-list.ts reads it; message types follow apart. */
function emitRow(field: DescField, use: (desc: DescMessage | DescEnum) => string): string {
  const { rowType } = valueType(field, use);
  const start = `${field.number} ${field.localName}`;
  if (field.fieldKind === "map") return `${start} map ${rowType}`;
  if (field.fieldKind === "list") return `${start} ${rowType} repeated`;
  const optional = field.fieldKind !== "message" && mayBeAbsent(field);
  return `${start} ${rowType}${optional ? " optional" : ""}`;
}

/** The type of the field's value, element or map value: in TypeScript, and in the runtime's list. */
function valueType(
  field: DescField,
  use: (desc: DescMessage | DescEnum) => string,
): { tsType: string; rowType: string } {
  if (field.oneof && field.oneof.fields.length > 1) throw unsupported(field, "a oneof of several fields");
  if (field.fieldKind === "map" && field.mapKey !== ScalarType.STRING)
    throw unsupported(field, "a map without string keys");
  if (field.fieldKind === "list" && field.listKind !== "message" && isVarint(field) && !field.packed) {
    throw unsupported(field, "an unpacked list of numbers");
  }
  if (field.message) return { tsType: use(field.message), rowType: "." };
  if (field.enum) return { tsType: use(field.enum), rowType: "int32" };
  const scalar = field.scalar === undefined ? undefined : scalarTypes[field.scalar];
  if (!scalar) throw unsupported(field, `scalar type ${field.scalar === undefined ? "?" : ScalarType[field.scalar]}`);
  return { tsType: scalar[1], rowType: scalar[0] };
}

function isVarint(field: DescField): boolean {
  return field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES;
}

function mayBeAbsent(field: DescField): boolean {
  return field.fieldKind === "message" || field.oneof !== undefined || field.proto.proto3Optional;
}

/** True when `message` holds a `target` at any depth: decoding recurses along the schema, which must therefore end. */
function reaches(message: DescMessage, target: DescMessage, seen = new Set<DescMessage>()): boolean {
  return message.fields.some((field) => {
    const next = field.message;
    if (!next || seen.has(next)) return false;
    seen.add(next);
    return next === target || reaches(next, target, seen);
  });
}

/** Nested types take their parents' names as a prefix: `Sandbox_Runtime`. */
function localName(desc: DescMessage | DescEnum): string {
  return desc.parent ? `${localName(desc.parent)}_${desc.name}` : desc.name;
}

function docLines(desc: DescMessage | DescEnum | DescField, indent: string, note = ""): string[] {
  const file = desc.kind === "field" ? desc.parent.file : desc.file;
  // The comments of google.protobuf are pages of examples in other languages.
  const comment = file.proto.package === "google.protobuf" ? [] : commentLines(desc);
  const text = note === "" ? comment : [...comment, note];
  if (text.length === 0) return [];
  if (text.length === 1) return [`${indent}/** ${text[0]} */`];
  return [`${indent}/**`, ...text.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function relativePath(from: string, to: string): string {
  const up = from.split("/").slice(0, -1);
  return `./${"../".repeat(up.length)}${to}`.replace("./../", "../");
}

function unsupported(field: DescField, what: string): Error {
  return new Error(`${field.parent.typeName}.${field.name}: ${what} is not supported; teach src/wire/protobuf first`);
}
