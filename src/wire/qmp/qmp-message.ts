import { utf8Decode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";

/** A JSON object as it came. Keys such as `__proto__` are plain keys; read known keys only. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What QEMU says first (docs/interop/qmp-spec, "Server Greeting"). */
export interface QmpGreeting {
  /** `major.minor.micro`. */
  readonly version: string;
  /** The distribution's suffix, such as `Debian 1:7.2+dfsg-7+deb12u7`. */
  readonly package: string;
  /** Abilities that can be negotiated, such as `oob`. */
  readonly capabilities: readonly string[];
}

/** An asynchronous message. */
export interface QmpEvent {
  /** Such as `SHUTDOWN` or `DEVICE_DELETED`. */
  readonly name: string;
  readonly data: JsonObject;
  /** QEMU's wall clock in milliseconds; 0 if the message has none. */
  readonly wallMs: number;
}

/** One line from QEMU. */
export type QmpMessage =
  | { readonly kind: "greeting"; readonly greeting: QmpGreeting }
  | { readonly kind: "event"; readonly event: QmpEvent }
  | { readonly kind: "return"; readonly id: unknown; readonly value: unknown }
  | { readonly kind: "error"; readonly id: unknown; readonly class: string; readonly description: string };

/** Parses a line. Throws KataError `data-loss` for anything that is not a QMP message. */
export function parseQmpMessage(line: Uint8Array): QmpMessage {
  const text = utf8Decode(line);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KataError("data-loss", `Invalid JSON: ${excerpt(text)}`, { cause: error });
  }
  if (isObject(value)) {
    if (has(value, "return")) return { kind: "return", id: value.id, value: value.return };
    if (has(value, "error")) return toError(value, text);
    if (has(value, "event")) return { kind: "event", event: toEvent(value, text) };
    if (has(value, "QMP")) return { kind: "greeting", greeting: toGreeting(value) };
  }
  throw unknownMessage(text);
}

/** True for objects that are not arrays. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toError(value: JsonObject, text: string): QmpMessage {
  const { error } = value;
  if (!isObject(error) || typeof error.class !== "string" || typeof error.desc !== "string") throw unknownMessage(text);
  return { kind: "error", id: value.id, class: error.class, description: error.desc };
}

function toEvent({ event, data, timestamp }: JsonObject, text: string): QmpEvent {
  if (typeof event !== "string") throw unknownMessage(text);
  const { seconds, microseconds } = isObject(timestamp) ? timestamp : { seconds: 0, microseconds: 0 };
  const wallMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  return { name: event, data: isObject(data) ? data : {}, wallMs: Number.isFinite(wallMs) ? wallMs : 0 };
}

function toGreeting(value: JsonObject): QmpGreeting {
  const body = isObject(value.QMP) ? value.QMP : {};
  const version = isObject(body.version) ? body.version : {};
  const qemu = isObject(version.qemu) ? version.qemu : {};
  const capabilities = Array.isArray(body.capabilities) ? body.capabilities : [];
  return {
    version: [qemu.major, qemu.minor, qemu.micro].map((part) => (typeof part === "number" ? part : 0)).join("."),
    package: typeof version.package === "string" ? version.package : "",
    capabilities: capabilities.filter((item) => typeof item === "string"),
  };
}

function has(value: JsonObject, key: string): boolean {
  return Object.hasOwn(value, key);
}

function unknownMessage(text: string): KataError {
  return new KataError("data-loss", `Not a QMP message: ${excerpt(text)}`);
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}...` : text);
}
