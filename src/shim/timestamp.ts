import type { Timestamp } from "../wire/gen/google/protobuf/timestamp.ts";

/** Milliseconds since 1970 as a protobuf timestamp. */
export function toTimestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((ms - seconds * 1000) * 1e6) };
}
