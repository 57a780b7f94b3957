import { describe, expect, test } from "vitest";
import { imageOrInitrd } from "./image-or-initrd.ts";

const paths = (image: string, initrd: string) => ({ image, initrd });
const none = paths("", "");

describe("imageOrInitrd()", () => {
  test.each([
    [none, paths("/i", ""), { kind: "image", path: "/i", custom: false }],
    [none, paths("", "/r"), { kind: "initrd", path: "/r", custom: false }],
    [paths("/pod/i", ""), none, { kind: "image", path: "/pod/i", custom: true }],
    [paths("", "/pod/r"), none, { kind: "initrd", path: "/pod/r", custom: true }],
    [paths("/pod/i", ""), paths("/i", ""), { kind: "image", path: "/pod/i", custom: true }],
    [paths("/pod/i", ""), paths("", "/r"), { kind: "image", path: "/pod/i", custom: true }],
    [paths("", "/pod/r"), paths("/i", ""), { kind: "initrd", path: "/pod/r", custom: true }],
    [paths("", "/pod/r"), paths("/i", "/r"), { kind: "initrd", path: "/pod/r", custom: true }],
  ])("of %j over %j takes %j", (annotated, configured, expected) => {
    expect(imageOrInitrd(annotated, configured)).toEqual(expected);
    expect(imageOrInitrd(annotated, configured, true)).toEqual(expected);
  });

  test.each([
    [paths("/pod/i", "/pod/r"), paths("/i", ""), 'The annotations set both image, "/pod/i", and initrd, "/pod/r"'],
    [none, paths("/i", "/r"), 'The configuration set both image, "/i", and initrd, "/r"'],
    [none, none, "Neither image nor initrd is set"],
  ])("of %j over %j is an error", (annotated, configured, message) => {
    expect(() => imageOrInitrd(annotated, configured)).toThrow(message);
  });

  test("needs neither for a machine that boots securely, which excuses no conflict", () => {
    expect(imageOrInitrd(none, none, true)).toEqual({ kind: "secure-boot" });
    expect(() => imageOrInitrd(none, paths("/i", "/r"), true)).toThrow("set both");
  });
});
