import type { FoundProgram, Versions } from "./handler.ts";

/** Versions for people. */
export function renderVersions(versions: Versions): string {
  const lines = [
    `${versions.name} ${versions.version}`,
    `  OCI runtime spec  ${versions.ociRuntimeSpec}`,
    `  task API          ${versions.taskApi}`,
    `  agent API         ${versions.agentApi}`,
    ...programs("hypervisors", versions.hypervisors),
    ...programs("image tools", versions.tools),
  ];
  return `${lines.join("\n")}\n`;
}

function programs(title: string, found: readonly FoundProgram[]): string[] {
  if (found.length === 0) return [`  ${title.padEnd(17)} none found`];
  return found.map(
    ({ path, version }, index) =>
      `  ${(index === 0 ? title : "").padEnd(17)} ${path}${version === null ? "" : ` (${version})`}`,
  );
}
