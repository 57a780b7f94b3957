import type { Results } from "./results.mjs";

export function summary(stages: readonly (Results & { readonly name: string; readonly seconds: number })[]): string;
