import { choice, type FlagValues, parsed, text, toggle } from "./args/flags.ts";
import { UsageError } from "./args/usage-error.ts";

/** Flags that every command takes, before or after its name. */
export const globalFlags = {
  root: text({
    placeholder: "DIR",
    help: "Keep state in DIR/run and images in DIR/lib (default: KATA_CTL_ROOT, or /run/kata-ctl and /var/lib/kata-ctl)",
  }),
  namespace: parsed(parseNamespace, {
    placeholder: "NAME",
    help: "Containers of one namespace do not see the others' (default: default)",
  }),
  config: text({
    placeholder: "FILE",
    aliases: ["kata-config"],
    help: "Runtime configuration (default: KATA_CONF_FILE, or the installed configuration.toml)",
  }),
  json: toggle({ help: "Results and errors as JSON" }),
  color: choice(["auto", "always", "never"], {
    help: "Colour on a terminal; NO_COLOR switches it off",
    initial: "auto",
  }),
  progress: choice(["auto", "plain", "none", "json"], {
    help: "How progress is shown on standard error",
    initial: "auto",
  }),
  showDefaultConfigPaths: toggle({
    help: "Print where a configuration is looked for, best first, and exit",
    hidden: true,
  }),
  debug: toggle({ help: "Log what is being done to standard error" }),
} as const;

/** Their values. */
export type GlobalValues = FlagValues<typeof globalFlags>;

function parseNamespace(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) return name;
  throw new UsageError(
    `must be 1 to 64 letters, digits, "_", "." or "-", the first a letter or digit; got ${JSON.stringify(name.slice(0, 80))}`,
  );
}
