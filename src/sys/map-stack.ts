import type { SourcePosition } from "./line-map.ts";

/** Finds the TypeScript position behind a bundle's position. */
export type FrameMapper = (module: string, line: number, column: number) => SourcePosition | undefined;

const frame = /(?:(\S+) \()?([\w.-]+\.js):(\d+):(\d+)/g;

/** Rewrites an engine's stack to TypeScript positions and names. */
export function mapStack(stack: string, map: FrameMapper): string {
  return stack.replace(
    frame,
    (text: string, name: string | undefined, module: string, line: string, column: string) => {
      const position = map(module, Number(line), Number(column));
      if (position === undefined) return text;
      const where = `${position.source}:${position.line}`;
      return name === undefined ? where : `${position.name ?? name} (${where}`;
    },
  );
}
