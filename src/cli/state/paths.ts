import { type ImagePaths, imagePaths } from "../../image/paths.ts";

/** Where kata-ctl keeps things. */
export interface CtlPaths {
  readonly namespace: string;
  /** Short-lived state: gone after a reboot, as the containers are. */
  readonly runRoot: string;
  /** One directory for each container of this namespace. */
  readonly containers: string;
  /** Exclusive while a name is looked up and taken. */
  readonly namesLock: string;
  /** Writable layers, volumes and logs of this namespace's containers. */
  readonly data: string;
  readonly images: ImagePaths;
}

/** One container's files. */
export interface ContainerPaths {
  readonly directory: string;
  readonly record: string;
  /** Held exclusively by the process that takes care of the container. */
  readonly ownerLock: string;
  /** What the shim is given. */
  readonly bundle: string;
  readonly config: string;
  readonly rootfs: string;
  /** FIFOs between kata-ctl and the shim. */
  readonly io: string;
  readonly data: string;
  readonly upper: string;
  readonly work: string;
  readonly volumes: string;
  readonly log: string;
  /** What the shim moved here when the VM was gone. */
  readonly consoleLog: string;
  readonly vmmLog: string;
  readonly shimLog: string;
}

/** All paths; `root` (absolute) moves them below one directory. */
export function ctlPaths(root: string | undefined, namespace: string): CtlPaths {
  const runRoot = root === undefined ? "/run/kata-ctl" : `${root}/run`;
  const lib = root === undefined ? "/var/lib/kata-ctl" : `${root}/lib`;
  return {
    namespace,
    runRoot,
    containers: `${runRoot}/${namespace}/containers`,
    namesLock: `${runRoot}/${namespace}/names.lock`,
    data: `${lib}/containers/${namespace}`,
    images: imagePaths(lib),
  };
}

/** The files of container `id`. */
export function containerPaths(paths: CtlPaths, id: string): ContainerPaths {
  const directory = `${paths.containers}/${id}`;
  const bundle = `${directory}/bundle`;
  const data = `${paths.data}/${id}`;
  return {
    directory,
    record: `${directory}/record.json`,
    ownerLock: `${directory}/owner.lock`,
    bundle,
    config: `${bundle}/config.json`,
    rootfs: `${bundle}/rootfs`,
    io: `${directory}/io`,
    data,
    upper: `${data}/upper`,
    work: `${data}/work`,
    volumes: `${data}/volumes`,
    log: `${data}/container.log`,
    consoleLog: `${bundle}/console.log`,
    vmmLog: `${bundle}/vmm.log`,
    shimLog: `${bundle}/log`,
  };
}
