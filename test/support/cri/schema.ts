import type { ScalarKind } from "../../../src/wire/protobuf/fields.ts";
import { type FieldRow, MessageType } from "../../../src/wire/protobuf/message-type.ts";

/** Message tables written by hand whose TypeScript types follow from them: for an API that only tests speak. */

interface ScalarTypes {
  string: string;
  bytes: Uint8Array;
  bool: boolean;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
}

/** One field: how it is encoded, and by its type parameter what a program sees. */
interface FieldSpec<T> {
  readonly row: (name: string) => FieldRow;
  readonly type?: T;
}

type Element = ScalarKind | MessageType<object>;
type ValueOf<E> = E extends ScalarKind ? ScalarTypes[E] : E extends MessageType<infer T> ? T : never;
type MessageOf<S> = { [K in keyof S]: S[K] extends FieldSpec<infer T> ? T : never };

/** A scalar. */
export function scalar<K extends ScalarKind>(number: number, kind: K): FieldSpec<ScalarTypes[K]> {
  return { row: (name) => [number, name, kind] };
}

/** Another message, which may be absent. */
export function nested<T extends object>(number: number, type: MessageType<T>): FieldSpec<T | undefined> {
  return { row: (name) => [number, name, type as unknown as MessageType<object>] };
}

/** Any number of values. */
export function list<E extends Element>(number: number, element: E): FieldSpec<ValueOf<E>[]> {
  return { row: (name) => [number, name, element, "repeated"] };
}

/** A map from strings to strings. */
export function labels(number: number): FieldSpec<{ [key: string]: string }> {
  return { row: (name) => [number, name, "map", "string"] };
}

/** A message of package runtime.v1. Fields that are left out are skipped when they arrive. */
export function message<S extends Readonly<Record<string, FieldSpec<unknown>>>>(
  name: string,
  fields: S,
): MessageType<MessageOf<S>> {
  return new MessageType<MessageOf<S>>(`runtime.v1.${name}`, () =>
    Object.entries(fields).map(([field, { row }]) => row(field)),
  );
}
