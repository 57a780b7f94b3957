import { type UndoDeps, type UndoOperation, undo } from "./undo.ts";

/**
 * What a sandbox has acquired, newest last. Push the operation right before the thing is acquired, so that a crash in
 * between leaves an undo too many rather than a leak; `persist` writes the list to disk before `push` returns.
 */
export class UndoStack {
  private readonly deps: UndoDeps;
  private readonly persist: (operations: readonly UndoOperation[]) => void;
  private operations: readonly UndoOperation[];

  constructor(
    deps: UndoDeps,
    options: {
      readonly persist: (operations: readonly UndoOperation[]) => void;
      readonly initial?: readonly UndoOperation[];
    },
  ) {
    this.deps = deps;
    this.persist = options.persist;
    this.operations = options.initial ?? [];
  }

  get pending(): readonly UndoOperation[] {
    return this.operations;
  }

  /** Registers undos, oldest first, with one write to disk. */
  push(...operations: readonly UndoOperation[]): void {
    this.operations = [...this.operations, ...operations];
    this.persist(this.operations);
  }

  /** Undoes one registered operation now and forgets it; it stays registered when that fails. */
  async release(operation: UndoOperation): Promise<void> {
    await undo(this.deps, operation);
    this.operations = this.operations.filter((other) => other !== operation);
    this.persist(this.operations);
  }

  /**
   * Undoes everything, newest first, going on after errors. Returns the errors: the caller reports them beside the
   * error that made it unwind, never instead of it. What failed stays registered.
   */
  async unwind(): Promise<readonly Error[]> {
    const errors: Error[] = [];
    const failed: UndoOperation[] = [];
    for (const operation of [...this.operations].reverse()) {
      try {
        await undo(this.deps, operation);
      } catch (error) {
        const problem = error instanceof Error ? error : new Error(String(error));
        this.deps.logger.warn("clean-up failed", { operation: operation.kind, error: problem });
        errors.push(problem);
        failed.unshift(operation);
      }
    }
    this.operations = failed;
    this.persist(this.operations);
    return errors;
  }
}
