import { describe, expect, test } from "vitest";
import { findRecord, type ImageRecord, parseRecords, renderIndex } from "./record.ts";

const record = (name: string, id: string): ImageRecord => ({
  name,
  digest: `sha256:${"d".repeat(64)}`,
  manifestSize: 349,
  id: `sha256:${id.padEnd(64, "0")}`,
  size: 1234,
  createdMs: 1_700_000_000_000,
  pulledMs: 1_700_000_001_000,
  origin: "docker://x",
  stamp: "",
});
const records = [record("docker.io/library/a:1", "abcd1"), record("docker.io/library/b:1", "abcd2")];

test("parseRecords reads what renderIndex writes", () => {
  const undated = { ...record("x/y:1", "ff"), createdMs: undefined, stamp: "12-34" };
  expect(parseRecords(renderIndex([...records, undated]))).toEqual([...records, undated]);
});

test("entries of other tools are left alone, damaged ones of ours are refused", () => {
  const foreign = { mediaType: "x", digest: `sha256:${"a".repeat(64)}`, size: 1 };
  expect(parseRecords(JSON.stringify({ manifests: [foreign] }))).toEqual([]);
  const damaged = renderIndex(records).replace(`sha256:${"abcd1".padEnd(64, "0")}`, "sha256:../../x");
  expect(() => parseRecords(damaged)).toThrow(/damaged/);
  expect(() => parseRecords("")).toThrow(/not JSON/);
});

describe("findRecord", () => {
  test.each([
    ["docker.io/library/a:1", "a", "abcd1"],
    [undefined, "abcd2", "abcd2"],
    [undefined, `sha256:${"abcd1".padEnd(64, "0")}`, "abcd1"],
    [undefined, "abc", undefined],
    ["docker.io/library/c:latest", "c", undefined],
    [undefined, "abce", undefined],
  ])("%s or %s", (canonical, typed, id) => {
    expect(findRecord(records, canonical, typed)?.id.slice(7, 12)).toBe(id);
  });
  test("refuses an ambiguous id", () => {
    expect(() => findRecord(records, undefined, "abcd")).toThrow(/several/);
  });
  test("a name wins over an id that looks like it", () => {
    expect(
      findRecord(
        [record("docker.io/library/abcd1:latest", "ffff"), ...records],
        "docker.io/library/abcd1:latest",
        "abcd1",
      )?.id,
    ).toMatch(/^sha256:ffff/);
  });
});
