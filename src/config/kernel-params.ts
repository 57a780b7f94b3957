/**
 * Splits a kernel command line at spaces outside double quotes. Quotes stay: the kernel takes them off itself. An
 * unclosed quote reaches to the end.
 */
export function splitKernelParams(text: string): string[] {
  return text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
}
