import type { IpFamily } from "./ip-address.ts";

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;

/** The kernel's number of an IP version; AF_UNSPEC, which means any, for none. */
export function familyNumber(family: IpFamily | undefined): number {
  if (family === undefined) return AF_UNSPEC;
  return family === 4 ? AF_INET : AF_INET6;
}

/** The IP version of the kernel's number; undefined for other families. */
export function familyOf(number: number): IpFamily | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}
