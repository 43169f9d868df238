/**
 * WeakTable: objects by number, or another key, for as long as somebody else holds them.
 *
 * Invariant: an entry goes with its object; a number that was given away and came back finds the same object, or none
 * when nobody here can tell the difference any more.
 *
 *     table.set(7, pid); table.get(7); // pid
 */
export class WeakTable<T extends object, K = number> {
  readonly #entries = new Map<K, WeakRef<T>>();
  readonly #gone = new FinalizationRegistry<K>((id) => {
    if (this.#entries.get(id)?.deref() === undefined) this.#entries.delete(id);
  });

  get(id: K): T | undefined {
    return this.#entries.get(id)?.deref();
  }

  has(id: K): boolean {
    return this.#entries.has(id);
  }

  set(id: K, object: T): void {
    this.#entries.set(id, new WeakRef(object));
    this.#gone.register(object, id);
  }

  get size(): number {
    return this.#entries.size;
  }
}
