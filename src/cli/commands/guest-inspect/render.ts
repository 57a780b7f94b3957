import { formatSize } from "../../../base/units.ts";
import type { GuestDetails, GuestFile } from "./handler.ts";

/** The guest for people, one part a line. */
export function renderGuest(guest: GuestDetails): string {
  const rows: [string, string][] = [
    ["configuration", guest.configuration ?? "built in"],
    ["kernel", fileText(guest.kernel)],
    [guest.boot.kind, fileText(guest.boot)],
  ];
  const { manifest } = guest;
  if (manifest === null) {
    rows.push(["manifest", "none: this guest was not built by `kata-ctl guest build`"]);
  } else {
    const runtime = manifest.packages.find(({ name }) => name === "crun");
    const initrd = manifest.files.find(({ name }) => name === "initrd.img");
    rows.push(
      ["kernel release", `${manifest.kernel.release} (${manifest.kernel.flavour}, ${manifest.architecture})`],
      ["initrd format", `${initrd?.format ?? "?"}, ${formatSize(manifest.initrd.unpackedSize)} unpacked`],
      ["agent", `${formatSize(manifest.agent.size)}, sha256 ${manifest.agent.sha256.slice(0, 16)}`],
      ["runtime", runtime === undefined ? "-" : `crun ${runtime.version}`],
      ["modules", `${manifest.modules.length}`],
      ["packages", `${manifest.packages.length}`],
    );
  }
  return rows.map(([label, text]) => `${label.padEnd(15)} ${text}\n`).join("");
}

function fileText({ path, size }: GuestFile): string {
  return size === null ? `${path} (missing)` : `${path} (${formatSize(size)})`;
}
