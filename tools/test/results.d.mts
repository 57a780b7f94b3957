/** What a runner reported. */
export interface Results {
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly error: string }[];
  readonly timed: readonly { readonly name: string; readonly milliseconds: number }[];
}

export function commandResults(name: string, status: number, output: string): Results;
export function nativeResults(name: string, status: number, output: string): Results;
export function vitestResults(name: string, status: number, output: string, report: string, root: string): Results;
