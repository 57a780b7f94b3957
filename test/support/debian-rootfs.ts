import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { repository } from "./kata-ctl.ts";
import { run } from "./leak-check.ts";

/** A Debian 12 root file system, made once by mmdebstrap and kept in the cache as a tar archive. */
export function debianArchive(): string {
  const archive = path.join(repository, "out/cache/test/debian-12.tar");
  if (existsSync(archive)) return archive;
  mkdirSync(path.dirname(archive), { recursive: true });
  const partial = `${archive}.${process.pid}`;
  run("mmdebstrap", "--quiet", "--variant=apt", "--format=tar", "bookworm", partial);
  renameSync(partial, archive);
  return archive;
}

/** Unpacks that archive into `directory`, which must not exist yet. */
export function unpackDebian(directory: string): void {
  mkdirSync(directory, { recursive: true });
  try {
    run("tar", "-C", directory, "-xf", debianArchive());
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
