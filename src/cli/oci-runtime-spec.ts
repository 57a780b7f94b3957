/** Version of the OCI runtime specification that bundles are written in. */
export const ociRuntimeSpec = "1.0.2";
