/**
 * WeakTable: objects by number, for as long as somebody else holds them.
 *
 * Invariant: an entry goes with its object; a number that was given away and came back finds the same object, or none
 * when nobody here can tell the difference any more.
 *
 *     table.set(7, pid); table.get(7); // pid
 */
export class WeakTable<T extends object> {
  readonly #entries = new Map<number, WeakRef<T>>();
  readonly #gone = new FinalizationRegistry<number>((id) => {
    if (this.#entries.get(id)?.deref() === undefined) this.#entries.delete(id);
  });

  get(id: number): T | undefined {
    return this.#entries.get(id)?.deref();
  }

  has(id: number): boolean {
    return this.#entries.has(id);
  }

  set(id: number, object: T): void {
    this.#entries.set(id, new WeakRef(object));
    this.#gone.register(object, id);
  }

  get size(): number {
    return this.#entries.size;
  }
}
