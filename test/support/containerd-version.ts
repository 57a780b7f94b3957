import { execFileSync } from "node:child_process";
import path from "node:path";
import { cache } from "./guest-build.ts";

/**
 * The releases that tests drive. "2.1" stands for what Debian sid has: 2.1 or newer. "own" is the one whose programs the
 * directory `KATA_TEST_CONTAINERD` has.
 */
export type ContainerdVersion = "1.6" | "1.7" | "2.1" | "own";

const ownDirectory = process.env.KATA_TEST_CONTAINERD ?? "";

/** The release that a test is for, or the caller's own containerd in its place. */
export function chosen(version: ContainerdVersion): ContainerdVersion {
  return ownDirectory === "" ? version : "own";
}

/** Like `chosen`, for a test that runs with several releases: with the caller's own containerd it runs once. */
export function chosenOf(versions: readonly ContainerdVersion[]): readonly ContainerdVersion[] {
  return [...new Set(versions.map(chosen))];
}

/** What a test runs with that is for all releases. */
export const containerdVersions = chosenOf(["1.6", "1.7", "2.1"]);

/** Where a release's containerd, ctr and containerd-shim-runc-v2 are. */
export function programsOf(version: ContainerdVersion): string {
  return version === "own" ? path.resolve(ownDirectory) : path.join(cache, "containerd", version, "usr/bin");
}

/** Whether a release is `major`.`minor` or newer, by what its program says. */
export function isAtLeast(version: ContainerdVersion, major: number, minor: number): boolean {
  const program = path.join(programsOf(version), "containerd");
  const told = execFileSync(program, ["--version"], { encoding: "utf8" });
  const [, first, second] = / v?(\d+)\.(\d+)\.\d+/.exec(told) ?? [];
  if (first === undefined) throw new Error(`${program} --version tells no version: ${told}`);
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
