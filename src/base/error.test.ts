import { expect, test } from "vitest";
import { SysError } from "../sys/error.ts";
import { causeChain, errorCodes, KataError } from "./error.ts";

test("KataError carries its code, its details and its cause", () => {
  const cause = new Error("inner");
  const error = new KataError("not-found", "No image busybox", {
    stage: "pull",
    field: "image",
    hint: "Pull it",
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "KataError", code: "not-found", stage: "pull", field: "image", hint: "Pull it" });
  expect(error.cause).toBe(cause);
  expect(error.see).toEqual([]);
  expect("cause" in new KataError("unknown", "x")).toBe(false);
});

test("instanceof KataError holds for another copy of the class, and for nothing else", () => {
  const brand = Symbol.for("kata-ts.KataError");
  expect({ [brand]: true } instanceof KataError).toBe(true);
  for (const value of [null, undefined, "x", new Error("x"), {}]) expect(value instanceof KataError).toBe(false);
});

test("the codes are those of gRPC", () => {
  expect(Object.values(errorCodes)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test("KataError.from keeps what it knows and reads errno names", () => {
  const original = new KataError("aborted", "x");
  expect(KataError.from(original)).toBe(original);
  const table = {
    ENOENT: "not-found",
    EEXIST: "already-exists",
    EPERM: "permission-denied",
    ENOSPC: "resource-exhausted",
  };
  for (const [errno, code] of Object.entries(table)) {
    expect(KataError.from(new SysError("open", 1, errno, "text", "/x"))).toMatchObject({ code });
  }
  expect(KataError.from(new Error("boom"))).toMatchObject({ code: "internal", message: "boom" });
  expect(KataError.from(new Error("boom"), "unavailable").code).toBe("unavailable");
  expect(KataError.from("text")).toMatchObject({ code: "internal", message: "text" });
  expect(KataError.from(undefined).message).toBe("undefined");
});

test("KataError.wrap keeps the inner code and details unless they are given anew", () => {
  const inner = new KataError("not-found", "No kernel", {
    stage: "boot",
    hint: "Build it",
    field: "kernel",
    see: ["docs"],
  });
  const outer = KataError.wrap(inner, "Cannot start the sandbox");
  expect(outer).toMatchObject({ code: "not-found", stage: "boot", hint: "Build it", field: "kernel", see: ["docs"] });
  expect(outer.cause).toBe(inner);
  expect(KataError.wrap(inner, "x", { stage: "create" }).stage).toBe("create");
  expect(KataError.wrap(new SysError("open", 2, "ENOENT", "t"), "x").code).toBe("not-found");
});

test("causeChain lists messages from the outside in, and ends in a cycle", () => {
  const inner = new Error("inner");
  expect(causeChain(new Error("outer", { cause: inner }))).toEqual(["outer", "inner"]);
  expect(causeChain(new Error("outer", { cause: "text" }))).toEqual(["outer", "text"]);
  expect(causeChain(undefined)).toEqual([]);
  inner.cause = inner;
  expect(causeChain(inner)).toHaveLength(16);
});
