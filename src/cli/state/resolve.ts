import { KataError } from "../../base/error.ts";
import { nearest } from "../args/suggest.ts";

/** What a reference is compared with. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * The container that `reference` means: a name, a whole id, or a beginning of exactly one id. Throws `not-found` with
 * the nearest name, or `invalid-argument` for an ambiguous beginning.
 */
export function resolveContainer<C extends Named>(containers: readonly C[], reference: string): C {
  const exact = containers.find(({ id, name }) => name === reference || id === reference);
  if (exact !== undefined) return exact;
  const begun = /^[0-9a-f]+$/.test(reference) ? containers.filter(({ id }) => id.startsWith(reference)) : [];
  const [first] = begun;
  if (first !== undefined && begun.length === 1) return first;
  if (first !== undefined) {
    throw new KataError("invalid-argument", `Several containers have ids that begin with "${reference}"`, {
      hint: `say more: ${begun
        .slice(0, 4)
        .map(({ id, name }) => `${id.slice(0, 12)} (${name})`)
        .join(", ")}`,
    });
  }
  const near = nearest(
    reference,
    containers.map(({ name }) => name),
  );
  const shown = reference.length > 80 ? `${reference.slice(0, 80)}...` : reference;
  throw new KataError("not-found", `There is no container ${JSON.stringify(shown)}`, {
    hint:
      near === undefined ? "list them all with: kata-ctl ps -a" : `did you mean ${near}? All of them: kata-ctl ps -a`,
  });
}
