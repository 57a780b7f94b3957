import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The checkout's root, with a slash at the end. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program; its standard error goes through. A failure ends the build with the command in the message. */
export function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      ...options,
    });
  } catch (error) {
    if (error.code === "ENOENT") throw new BuildError(`${command} is not installed`);
    throw new BuildError(`${command} failed: ${[command, ...args].join(" ").slice(0, 400)}`);
  }
}

/** A failure that the user can understand without a stack. */
export class BuildError extends Error {}

/** Runs a tool's main function and prints errors the way people want them. */
export async function main(tool) {
  try {
    process.exitCode = (await tool(process.argv.slice(2))) ?? 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`build: error: ${error.message}`);
    process.exitCode = 1;
  }
}
