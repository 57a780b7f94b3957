import { expect, test } from "vitest";
import { toTimestamp } from "./timestamp.ts";

test.each([
  [0, 0n, 0],
  [1, 0n, 1_000_000],
  [999.999999, 0n, 999_999_999],
  [1_763_755_200_123, 1_763_755_200n, 123_000_000],
])("toTimestamp(%d)", (ms, seconds, nanos) => {
  expect(toTimestamp(ms)).toMatchObject({ seconds, nanos });
});
