import * as native from "kata:native";
import type { MountRequest, MountsPort, NamespaceKind } from "../port/mounts.ts";
import { check, checkValue } from "./check.ts";
import { planMount } from "./mount-flags.ts";

// The order of `namespaces` in native/mounts.c.
const namespaceKinds: readonly NamespaceKind[] = ["mount", "net", "ipc", "uts", "pid", "cgroup", "user", "time"];

/** The mounts part of the real Sys. */
export const linuxMounts: MountsPort = {
  mount(request: MountRequest) {
    const { source, target } = request;
    const plan = planMount(request.options ?? []);
    const onlyPropagation = request.type === undefined && plan.flags === 0 && plan.propagation.length > 0;
    const subject = `${source} on ${target}`;
    if (!onlyPropagation) {
      check("mount", native.mount(source, target, request.type ?? null, plan.flags, plan.data ?? null), subject);
    }
    try {
      if (plan.bindRemount !== undefined) {
        check("mount", native.mount(source, target, null, plan.bindRemount, plan.data ?? null), subject);
      }
      for (const change of plan.propagation) check("mount", native.mount("none", target, null, change, null), target);
    } catch (error) {
      // A half-made mount would lack the protection that was asked for.
      if (!onlyPropagation && (plan.flags & MS_REMOUNT) === 0) native.unmount(target, 1, 0);
      throw error;
    }
  },
  unmount(target, options = {}) {
    check("umount", native.unmount(target, options.detach ? 1 : 0, options.force ? 1 : 0), target);
  },
  chroot(path) {
    check("chroot", native.chroot(path), path);
  },
  chdir(path) {
    check("chdir", native.chdir(path), path);
  },
  cwd: () => checkValue("getcwd", native.cwd()),
  enterNamespace(fd, kind) {
    check("setns", native.enterNamespace(fd, namespaceKinds.indexOf(kind)), kind);
  },
  unshare(kinds) {
    let bits = 0;
    for (const kind of kinds) bits |= 1 << namespaceKinds.indexOf(kind);
    check("unshare", native.unshare(bits), kinds.join(","));
  },
};

const MS_REMOUNT = 32;
