import { expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

test("parseSize reads the units of docker, Kubernetes and people", () => {
  const table: Readonly<Record<string, number>> = {
    "0": 0,
    "4096": 4096,
    "17b": 17,
    "1k": 1024,
    "512m": 512 * 1024 ** 2,
    "512MiB": 512 * 1024 ** 2,
    "512 mib": 512 * 1024 ** 2,
    "2g": 2 * 1024 ** 3,
    "2G": 2 * 1024 ** 3,
    "1.5GiB": 1.5 * 1024 ** 3,
    "100MB": 100_000_000,
    "3tb": 3e12,
    " 1T ": 1024 ** 4,
    "0.3k": 307,
  };
  for (const [text, bytes] of Object.entries(table)) expect([text, parseSize(text)]).toEqual([text, bytes]);
});

test("parseSize names the field and the remedy for anything else", () => {
  for (const text of [
    "",
    "m",
    "-1",
    "1x",
    "1 2m",
    "1e3",
    "0x10",
    "1.m",
    ".5g",
    "9999999999999g",
    "NaN",
    "1mib1",
    "∞",
  ]) {
    expect(() => parseSize(text, "memory")).toThrow(
      expect.objectContaining({ code: "invalid-argument", field: "memory", hint: expect.stringContaining("512m") }),
    );
  }
});

test("parseDuration reads units, sums and bare seconds", () => {
  const table: Readonly<Record<string, number>> = {
    "0": 0,
    "30": 30_000,
    "1.5": 1500,
    "30s": 30_000,
    "250ms": 250,
    "1m30s": 90_000,
    "1.5h": 5_400_000,
    "100us": 0.1,
    "2h3m4s5ms": 7_384_005,
  };
  for (const [text, ms] of Object.entries(table)) expect([text, parseDuration(text)]).toEqual([text, ms]);
  for (const text of ["", "s", "-1s", "1x", "1s 2m", "1d", "1m30"]) {
    expect(() => parseDuration(text, "timeout")).toThrow(/Invalid timeout/);
  }
});

test("formatSize and formatDuration are for people", () => {
  expect([0, 17, 1023, 1024, 1536, 512 * 1024 ** 2, 1024 ** 4].map(formatSize)).toEqual([
    "0 B",
    "17 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "512 MiB",
    "1 TiB",
  ]);
  expect([0, 35.4, 999, 1200, 59_949, 125_000, 12_000_000, 350_000_000].map(formatDuration)).toEqual([
    "0 ms",
    "35 ms",
    "999 ms",
    "1.2 s",
    "59.9 s",
    "2m 5s",
    "3h 20m",
    "4d 1h",
  ]);
});
