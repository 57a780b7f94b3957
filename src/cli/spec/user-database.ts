import { KataError } from "../../base/error.ts";

/** A user as a process runs: numbers, and the home directory. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/** The texts of /etc/passwd and /etc/group of an image; empty when it has none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** setuid(2) takes -1 for "unchanged", so 2^32-1 is nobody's number. */
const maxId = 0xfffffffe;
const maxLines = 65_536;

/**
 * Finds the user that `-u` or the image names: `name`, `uid`, `name:group`, `uid:gid` or nothing (root), as docker
 * does. Numbers need no entry. Supplementary groups are those that list the user, unless a group is given. Throws
 * `not-found` that names the user or group.
 */
export function resolveUser(text: string, database: UserDatabase): ResolvedUser {
  const colon = text.indexOf(":");
  const userText = colon < 0 ? text : text.slice(0, colon);
  const groupText = colon < 0 ? undefined : text.slice(colon + 1);
  const users = parsePasswd(database.passwd);
  const groups = parseGroup(database.group);
  const named = users.find(({ name }) => name === userText);
  const number = numericId(userText === "" ? "0" : userText);
  const entry = named ?? users.find(({ uid }) => uid === number);
  if (named === undefined && number === undefined) {
    throw unknown("user", userText, "the image's /etc/passwd does not list it; a number works without");
  }
  const uid = entry?.uid ?? number ?? 0;
  const gid = groupText === undefined || groupText === "" ? (entry?.gid ?? 0) : findGroup(groupText, groups);
  const additional =
    groupText === undefined || groupText === ""
      ? groups.filter(({ members }) => members.includes(entry?.name ?? ""))
      : [];
  return {
    uid,
    gid,
    additionalGids: [...new Set(additional.map((group) => group.gid))].filter((other) => other !== gid),
    home: entry === undefined || entry.home === "" ? "/" : entry.home,
  };
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const gid = groups.find(({ name }) => name === text)?.gid ?? numericId(text);
  if (gid === undefined)
    throw unknown("group", text, "the image's /etc/group does not list it; a number works without");
  return gid;
}

function unknown(what: "user" | "group", text: string, hint: string): KataError {
  return new KataError("not-found", `There is no ${what} ${JSON.stringify(text.slice(0, 80))} in the image`, {
    stage: "prepare-sandbox",
    field: "process.user",
    hint,
  });
}

/** The lines of passwd(5); malformed ones are skipped, as the C library does. */
export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    const ids = [numericId(uid), numericId(gid)] as const;
    return name === "" || ids[0] === undefined || ids[1] === undefined
      ? []
      : [{ name, uid: ids[0], gid: ids[1], home }];
  });
}

/** The lines of group(5); malformed ones are skipped. */
export function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap((line) => {
    const [name = "", , gid = "", members = ""] = line.split(":");
    const id = numericId(gid);
    return name === "" || id === undefined
      ? []
      : [{ name, gid: id, members: members.split(",").filter((member) => member !== "") }];
  });
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .slice(0, maxLines)
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function numericId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}
