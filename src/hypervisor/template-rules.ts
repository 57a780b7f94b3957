/** What decides whether a VM can be saved as a template, or made from one. */
export interface TemplateConfig {
  /** The VM is started in order to be saved. */
  readonly bootToBeTemplate: boolean;
  /** The VM is made from what was saved. */
  readonly bootFromTemplate: boolean;
  /** The file that holds the template's memory; empty for none. */
  readonly memoryPath: string;
  /** The file that holds the state of its devices; empty for none. */
  readonly deviceStatePath: string;
  readonly sharedFs: string;
  /** What the guest boots into. */
  readonly boot: "image" | "initrd";
}

/** A rule that is broken, about a key of the configuration. */
export interface TemplateProblem {
  readonly key: string;
  /** Completes "KEY ...", without a final period. */
  readonly rule: string;
}

interface TemplateRule extends TemplateProblem {
  readonly broken: (config: TemplateConfig) => boolean;
}

const rules: readonly TemplateRule[] = [
  {
    key: "boot_to_be_template",
    rule: "excludes boot_from_template: a VM that is made from a template is none itself",
    broken: ({ bootToBeTemplate, bootFromTemplate }) => bootToBeTemplate && bootFromTemplate,
  },
  {
    key: "memory_path",
    rule: "must be set: a template's memory is kept in a file",
    broken: ({ memoryPath }) => memoryPath === "",
  },
  {
    key: "device_state_path",
    rule: "must be set: a VM from a template needs the state of its devices",
    broken: ({ bootFromTemplate, deviceStatePath }) => bootFromTemplate && deviceStatePath === "",
  },
  {
    key: "shared_fs",
    rule: "must not be of the kind virtio-fs: its daemon maps the guest's memory, which a template shares between VMs",
    broken: ({ sharedFs }) => /virtio-fs/.test(sharedFs),
  },
  {
    key: "image",
    rule: "must be empty and initrd set: a template's memory does not go together with a disk",
    broken: ({ boot }) => boot !== "initrd",
  },
];

/** What keeps a VM from being a template or from coming of one; nothing for a VM that has nothing to do with templates. */
export function templateProblems(config: TemplateConfig): TemplateProblem[] {
  if (!config.bootToBeTemplate && !config.bootFromTemplate) return [];
  return rules.filter(({ broken }) => broken(config)).map(({ key, rule }) => ({ key, rule }));
}
