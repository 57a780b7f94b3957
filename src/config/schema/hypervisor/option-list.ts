/** Words of QEMU option strings: a comma list without anything that a shell or QEMU's parser would read otherwise. */
export const optionList = {
  pattern: /^[\w=.,:+-]*$/,
  rule: "must be a comma list of NAME or NAME=VALUE words",
} as const;
