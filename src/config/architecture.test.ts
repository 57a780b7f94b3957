import { expect, test } from "vitest";
import { architectureOf } from "./architecture.ts";

test("architectureOf() knows uname's names", () => {
  expect(["x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "i686", "constructor"].map(architectureOf)).toEqual([
    "amd64",
    "arm64",
    "ppc64le",
    "s390x",
    "riscv64",
    undefined,
    undefined,
  ]);
});
