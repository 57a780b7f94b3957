/** The name of a method in TypeScript: `StartContainer` becomes `startContainer`, `GetOOMEvent` becomes `getOOMEvent`. */
export function lowerFirst<M extends string>(method: M): Uncapitalize<M> {
  return (method.slice(0, 1).toLowerCase() + method.slice(1)) as Uncapitalize<M>;
}

/** The wire name behind a method's name in TypeScript; undefined when there is no such method. */
export function methodNamed(methods: object, name: string): string | undefined {
  const upperFirst = name.slice(0, 1).toUpperCase() + name.slice(1);
  return [upperFirst, name].find((method) => Object.hasOwn(methods, method));
}
