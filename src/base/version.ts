// The build replaces it by the package's version.
declare const KATA_VERSION: string | undefined;

/** The project's version, such as `0.1.0`; `0.0.0-dev` when the code runs without having been built. */
export const version: string = typeof KATA_VERSION === "string" ? KATA_VERSION : "0.0.0-dev";
