import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Api, ApiField, ApiMethod } from "./api.ts";

/** The subset of google.protobuf's descriptor messages, in JSON form, that this reader needs. */
interface FieldDescriptor {
  name: string;
  number: number;
  label: string;
  type: string;
  typeName?: string;
  jsonName: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
}
interface EnumDescriptor {
  name: string;
  value: { name: string; number?: number }[];
}
interface MessageDescriptor {
  name: string;
  field?: FieldDescriptor[];
  nestedType?: MessageDescriptor[];
  enumType?: EnumDescriptor[];
  oneofDecl?: { name: string }[];
  options?: { mapEntry?: boolean };
}
interface MethodDescriptor {
  name: string;
  inputType: string;
  outputType: string;
  clientStreaming?: boolean;
  serverStreaming?: boolean;
}
interface FileDescriptor {
  package: string;
  messageType?: MessageDescriptor[];
  enumType?: EnumDescriptor[];
  service?: { name: string; method?: MethodDescriptor[] }[];
}

/** Compiles the .proto files under `protoDir` and reduces them to their API, without google.protobuf's own types. */
export function readProtoApi(protoDir: string): Api {
  const files: FileDescriptor[] = JSON.parse(compile(protoDir, "-#format=json").toString()).file;
  const api: Api = { services: {}, messages: {}, enums: {} };
  for (const file of files) {
    if (file.package === "google.protobuf") continue;
    for (const message of file.messageType ?? []) addMessage(api, file.package, message);
    for (const descriptor of file.enumType ?? []) addEnum(api, file.package, descriptor);
    for (const service of file.service ?? []) {
      api.services[`${file.package}.${service.name}`] = (service.method ?? []).map(toMethod);
    }
  }
  return api;
}

/** Compiles the .proto files under `protoDir` for the reference implementation. */
export function readProtoRegistry(protoDir: string): FileRegistry {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, compile(protoDir, "-")));
}

function compile(protoDir: string, output: string): Buffer {
  const buf = join(dirname(createRequire(import.meta.url).resolve("@bufbuild/buf/package.json")), "bin/buf");
  return execFileSync(process.execPath, [buf, "build", protoDir, "-o", output], {
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function addMessage(api: Api, scope: string, message: MessageDescriptor): void {
  const fullName = `${scope}.${message.name}`;
  const mapEntries = new Map<string, MessageDescriptor>();
  for (const nested of message.nestedType ?? []) {
    if (nested.options?.mapEntry) mapEntries.set(`.${fullName}.${nested.name}`, nested);
    else addMessage(api, fullName, nested);
  }
  for (const descriptor of message.enumType ?? []) addEnum(api, fullName, descriptor);
  api.messages[fullName] = (message.field ?? []).map((field) => toField(message, field, mapEntries));
}

function addEnum(api: Api, scope: string, descriptor: EnumDescriptor): void {
  api.enums[`${scope}.${descriptor.name}`] = Object.fromEntries(descriptor.value.map((v) => [v.name, v.number ?? 0]));
}

function toField(
  message: MessageDescriptor,
  field: FieldDescriptor,
  mapEntries: Map<string, MessageDescriptor>,
): ApiField {
  const map = mapEntries.get(field.typeName ?? "");
  const oneof = field.proto3Optional ? undefined : message.oneofDecl?.[field.oneofIndex ?? -1]?.name;
  return {
    name: field.name,
    number: field.number,
    type: map ? `map<${(map.field ?? []).map(typeOf).join(",")}>` : typeOf(field),
    ...(field.jsonName !== field.name && { jsonName: field.jsonName }),
    ...(field.label === "LABEL_REPEATED" && !map && { repeated: true as const }),
    ...(field.proto3Optional && { optional: true as const }),
    ...(oneof !== undefined && { oneof }),
  };
}

function typeOf(field: FieldDescriptor): string {
  return field.typeName?.slice(1) ?? field.type.replace("TYPE_", "").toLowerCase();
}

function toMethod(method: MethodDescriptor): ApiMethod {
  return {
    name: method.name,
    input: method.inputType.slice(1),
    output: method.outputType.slice(1),
    ...(method.clientStreaming && { clientStreaming: true as const }),
    ...(method.serverStreaming && { serverStreaming: true as const }),
  };
}
