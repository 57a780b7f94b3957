import type { KataError } from "../base/error.ts";
import type { Device, GuestBlockAddress, VmDevices, VmSizing } from "./hypervisor.ts";
import { unsupported } from "./hypervisor.ts";

/** What a driver is when it lacks everything that is optional: drivers extend it and override what their VMM can do. */
export abstract class OptionalOperations implements VmSizing, Omit<VmDevices, "blockAddress"> {
  abstract readonly name: string;

  async pauseVm(): Promise<void> {
    throw this.lacks("pausing a VM");
  }
  async resumeVm(): Promise<void> {
    throw this.lacks("resuming a VM");
  }
  async saveVm(): Promise<void> {
    throw this.lacks("saving a VM");
  }
  async hotplugAddDevice(device: Device): Promise<GuestBlockAddress | undefined> {
    throw this.lacks(`adding a ${device.kind} device to a running VM`);
  }
  async hotplugRemoveDevice(id: string): Promise<void> {
    throw this.lacks(`removing device ${id} from a running VM`);
  }
  async resizeVcpus(_count: number): Promise<number> {
    throw this.lacks("changing the number of vCPUs");
  }
  async resizeMemory(_mib: number): Promise<number> {
    throw this.lacks("changing the size of memory");
  }
  async vcpuThreads(): Promise<readonly number[]> {
    throw this.lacks("telling vCPU threads");
  }

  private lacks(operation: string): KataError {
    return unsupported(this.name, operation);
  }
}
