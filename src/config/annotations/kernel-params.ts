import { mergeParams } from "../kernel-params/merge.ts";
import { parseParams, printParams, splitKernelParams } from "../kernel-params/param.ts";

const maxWords = 64;

/** One word without quotes, spaces or anything that a program which reads `/proc/cmdline` could take for more than a value. */
const word = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:=[A-Za-z0-9_.,:/@+-]*)?$/;

/** What a pod may tell the agent: the others open the guest, move the agent's services or weaken its rules. */
const agentParams: ReadonlySet<string> = new Set(
  [
    ["log", "hotplug_timeout", "cdh_api_timeout", "image_pull_timeout", "cdi_timeout", "launch_process_timeout"],
    ["container_pipe_size", "guest_components_rest_api", "https_proxy", "no_proxy"],
  ].flatMap((names) => names.map((name) => `agent.${name}`)),
);

/** What a pod may tell an image's systemd. */
const systemdParams: ReadonlySet<string> = new Set([
  "systemd.unified_cgroup_hierarchy",
  "systemd.legacy_systemd_cgroup_controller",
  "systemd.show_status",
]);

/** Parameters that no pod may give, with what would come of them; names as the kernel sees them, with `_` for `-`. */
const refused: readonly { readonly names: RegExp; readonly why: string }[] = [
  { names: /^agent\./, why: `of the agent's parameters a pod may give ${[...agentParams].join(", ")}` },
  { names: /^systemd\./, why: "it can start other programs in the guest" },
  { names: /^(?:init|rdinit)$/, why: "it replaces the guest's first program" },
  {
    names: /^(?:single|emergency|rescue|s|S|[0-6])$/,
    why: "it makes the guest's first program open a shell or stop half-way",
  },
  { names: /^(?:rd\.|rd_|break$|debug_shell$)/, why: "it can stop the guest's start in a shell" },
  {
    names: /^(?:root|rootflags|rootfstype|initrd|noinitrd|initrdmem|nfsroot|nfsaddrs|rw|load_ramdisk|prompt_ramdisk)$/,
    why: "it changes what the guest starts from",
  },
  {
    names: /^(?:dm_mod|dm_verity|md|md_mod|raid)(?:\.|$)/,
    why: "it changes how the guest's image is put together and checked",
  },
  { names: /^(?:kgdb|kdb|ekgdb)/, why: "it gives the guest's kernel to a debugger" },
  { names: /^(?:sysctl|modprobe)\./, why: "it can name programs that the guest's kernel runs, or change its modules" },
  {
    names: /^(?:lsm|security|selinux|enforcing|apparmor|lockdown|module\.sig_enforce|ima_|evm|iomem)/,
    why: "it can turn off what keeps containers and the guest apart",
  },
];

/**
 * The rules that the words of a pod's `kernel_params` break. Words are separated by spaces, and no quotes are possible:
 * neither the kernel nor another reader of the command line can take them for more or fewer words.
 */
export function kernelParamProblems(text: string): { readonly rule: string; readonly got: string }[] {
  const words = text.split(" ").filter((one) => one !== "");
  if (words.length > maxWords) return [{ rule: `must hold at most ${maxWords} words`, got: text }];
  return words.flatMap((got) => {
    const rule = brokenRule(got);
    return rule === undefined ? [] : [{ rule, got }];
  });
}

/** The operator's words and then the pod's: a parameter of the pod replaces the operator's of the same name. */
export function joinKernelParams(operator: string, pod: string): string {
  const [base, over] = [operator, pod].map((text) => parseParams(splitKernelParams(text)));
  return printParams(mergeParams(base ?? [], over ?? [])).join(" ");
}

function brokenRule(text: string): string | undefined {
  if (!word.test(text)) {
    return "must hold words of the form NAME or NAME=VALUE, of letters, digits and _ . , : / @ + - without quotes";
  }
  const name = (text.split("=", 1)[0] ?? "").replaceAll("-", "_");
  if (agentParams.has(name) || systemdParams.has(name)) return undefined;
  const found = refused.find(({ names }) => names.test(name));
  return found === undefined ? undefined : `must not hold ${name.slice(0, 64)}: ${found.why}`;
}
