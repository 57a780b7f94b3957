/** Method table of the service containerd offers to shims on the socket named by TTRPC_ADDRESS. */
import type { ServiceDefinition } from "../codec.ts";
import { ForwardRequest } from "../gen/containerd/services/ttrpc/events/v1/events.ts";
import { Empty } from "../gen/google/protobuf/empty.ts";

/** Takes the events a shim publishes. */
export const eventsService = {
  name: "containerd.services.events.ttrpc.v1.Events",
  methods: {
    Forward: { request: ForwardRequest, response: Empty },
  },
} as const satisfies ServiceDefinition;
