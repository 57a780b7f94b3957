import { invalid } from "../container/rules.ts";

/** Options of mount(8) that are flags of mount(2) and may be asked for. */
const FLAGS: ReadonlySet<string> = new Set(
  "ro nosuid nodev noexec sync dirsync noatime nodiratime relatime strictatime lazytime".split(" "),
);

/** Options of mount(8) that say what is the default anyway. */
const DEFAULTS: ReadonlySet<string> = new Set("defaults rw suid dev exec async atime diratime norelatime".split(" "));

/** Options for the file system itself, by its type: exact words, or names that take a value. */
const DATA: Readonly<Record<string, RegExp>> = {
  tmpfs: /^(?:size|mode|uid|gid|nr_inodes|nr_blocks|huge|mpol)=[\w%:.]+$/,
  hugetlbfs: /^(?:pagesize|size|min_size|mode|uid|gid|nr_inodes)=[\w%]+$/,
  virtiofs: /^dax(?:=(?:always|never|inode))?$/,
  "9p": /^(?:trans=virtio|version=9p2000\.[Lu]|cache=\w+|msize=\d+|access=\w+|aname=[\w./-]*)$/,
  overlay:
    /^(?:(?:lowerdir|upperdir|workdir)=[^,\s]+|(?:index|metacopy|redirect_dir|nfs_export|xino|uuid)=\w+|userxattr|volatile)$/,
  ext4: /^(?:dax(?:=\w+)?|data=\w+|errors=[\w-]+|nobarrier|barrier(?:=[01])?|discard|nodiscard|noload|norecovery|init_itable=\d+)$/,
  xfs: /^(?:nouuid|dax(?:=\w+)?|discard|nodiscard|norecovery|inode(?:32|64)|largeio|noquota)$/,
  erofs: /^(?:dax(?:=\w+)?|cache_strategy=\w+|user_xattr|acl|noacl)$/,
  btrfs: /^(?:discard(?:=\w+)?|nodatacow|compress(?:=[\w:]+)?|subvol=[\w./-]+|ssd|nossd)$/,
  vfat: /^(?:uid|gid|umask|dmask|fmask|iocharset|shortname)=[\w-]+$/,
};

/** Options split the way mount(2) wants them. */
export interface MountOptions {
  readonly flags: readonly string[];
  readonly data: readonly string[];
}

/**
 * Sorts mount options into flags and data. Each must be one of the words known for the file system: a comma, blank or
 * unknown word throws `invalid-argument`, so that nothing is smuggled in with another option.
 */
export function parseMountOptions(fstype: string, options: readonly string[]): MountOptions {
  const flags: string[] = [];
  const data: string[] = [];
  for (const option of options) {
    if (option === "" || DEFAULTS.has(option)) continue;
    if (FLAGS.has(option)) flags.push(option);
    else if (DATA[fstype]?.test(option) === true) data.push(option);
    else throw invalid("options", `${JSON.stringify(option)} is not a mount option that ${fstype} may have`);
  }
  return { flags, data };
}

/** Takes the value of the last `name=value` option, and returns the options without any of that name. */
export function takeOption(
  options: readonly string[],
  name: string,
): { readonly value: string | undefined; readonly rest: readonly string[] } {
  const prefix = `${name}=`;
  const value = options.findLast((option) => option.startsWith(prefix))?.slice(prefix.length);
  return { value, rest: options.filter((option) => !option.startsWith(prefix)) };
}

/** Reads a group id option (`fsgid=1000`). */
export function parseGroupId(value: string): number {
  if (!/^\d{1,10}$/.test(value) || Number(value) >= 0xffffffff) {
    throw invalid("options", `fsgid must be a group id, got ${JSON.stringify(value)}`);
  }
  return Number(value);
}

/** Reads a mode option in octal (`mode=0777`). */
export function parseMode(value: string): number {
  if (!/^0?[0-7]{1,4}$/.test(value))
    throw invalid("options", `mode must be an octal number, got ${JSON.stringify(value)}`);
  return Number.parseInt(value, 8);
}
