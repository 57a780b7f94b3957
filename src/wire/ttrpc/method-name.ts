/** The name of a method in TypeScript: `StartContainer` becomes `startContainer`, `GetOOMEvent` becomes `getOOMEvent`. */
export function lowerFirst<M extends string>(method: M): Uncapitalize<M> {
  return (method.slice(0, 1).toLowerCase() + method.slice(1)) as Uncapitalize<M>;
}
