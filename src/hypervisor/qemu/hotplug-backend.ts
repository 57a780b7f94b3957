import type { QmpClient } from "../../wire/qmp/qmp-client.ts";

/** The host's side of a device: what QEMU has to have before the guest sees the device. */
export interface HotplugBackend {
  /** For errors: what is plugged in. */
  readonly what: string;
  /** Arguments of `device_add`, without id and bus. */
  readonly device: { readonly driver: string } & Readonly<Record<string, string | number | boolean>>;
  /** Makes it; leaves nothing when it rejects. */
  add(client: QmpClient): Promise<void>;
  remove(client: QmpClient): Promise<void>;
}
