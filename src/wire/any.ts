import { KataError } from "../base/error.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import type { MessageType } from "./protobuf/message-type.ts";

/** Packs a message the way containerd does: the type URL is the message's bare name. */
export function packAny<T extends object>(type: MessageType<T>, message: T): Any {
  return { typeUrl: type.name, value: type.encode(message).finish() };
}

/** True when `any` holds a message of the type, whatever host its type URL begins with. */
export function holds<T extends object>(any: Any, type: MessageType<T>): boolean {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1) === type.name;
}

/** Unpacks a message of the type. Throws KataError `invalid-argument` for another type and for malformed bytes. */
export function unpackAny<T extends object>(any: Any, type: MessageType<T>): T {
  if (!holds(any, type))
    throw new KataError("invalid-argument", `Expected ${type.name}, got type URL "${any.typeUrl}"`);
  return type.decode(any.value);
}
