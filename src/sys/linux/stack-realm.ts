// A module that runs in a realm of its own; every program has it.
import * as native from "kata:native";
import { LineMap } from "../line-map.ts";
import { type FrameMapper, mapStack } from "../map-stack.ts";

const decode = (bytes: Uint8Array) => native.utf8Decode(bytes);

/** Positions from the line maps in this binary. */
const mapFrame: FrameMapper = (module, line, column) => {
  const bytes = native.lineMap(module);
  return bytes === undefined ? undefined : new LineMap(bytes, decode).lookUp(line, column);
};

/** A stack with TypeScript positions. Called by native/realm.c. */
export function run(stack: string): string {
  return mapStack(stack, mapFrame);
}
