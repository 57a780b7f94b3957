import { expect, test } from "vitest";
import { parseStdioUri } from "./stdio-uri.ts";

test.each([
  ["", { kind: "none" }],
  ["/run/fifo", { kind: "fifo", path: "/run/fifo" }],
  ["/odd?name#1", { kind: "fifo", path: "/odd?name#1" }],
  ["fifo:///run/a%20b", { kind: "fifo", path: "/run/a b" }],
  ["file:///var/log/x.log", { kind: "file", path: "/var/log/x.log" }],
  [
    "binary:///bin/log?a=1&b=two+words&c&a=2",
    { kind: "binary", path: "/bin/log", args: ["a", "1", "b", "two words", "c"] },
  ],
])("parseStdioUri(%j)", (text, target) => {
  expect(parseStdioUri(text, "stdout")).toEqual(target);
});

test.each(["relative", "http:///x", "file://host/x", "fifo://", "file:///a%zz", "binary:///x?a=%00", "file:///a\0b"])(
  "parseStdioUri(%j) is refused",
  (text) => {
    expect(() => parseStdioUri(text, "stdout")).toThrow(
      expect.objectContaining({ code: "invalid-argument", field: "stdout" }),
    );
  },
);

test("containerd's streams are refused with the setting that asks for them", () => {
  expect(() => parseStdioUri("ttrpc+unix:///run/containerd/s/a?streaming_id=web-stdout", "stdout")).toThrow(
    expect.objectContaining({ code: "invalid-argument", hint: expect.stringContaining('io_type = "streaming"') }),
  );
});
