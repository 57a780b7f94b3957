import * as native from "kata:native";
import { describeFault, type FrameMapper } from "../fault.ts";
import { LineMap } from "../line-map.ts";

const decode = (bytes: Uint8Array) => native.utf8Decode(bytes);

/** Positions from the line maps in this binary. */
export const mapFrame: FrameMapper = (module, line, column) => {
  const bytes = native.lineMap(module);
  return bytes === undefined ? undefined : new LineMap(bytes, decode).lookUp(line, column);
};

/** An error as text, with TypeScript positions. */
export function faultText(error: unknown): string {
  return describeFault(error, mapFrame);
}
