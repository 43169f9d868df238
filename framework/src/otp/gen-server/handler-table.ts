/**
 * HandlerTable: a server's handlers by name. A map, so that no name reaches an object's prototype, which remembers the
 * handler it gave last: a server mostly gets the same message again.
 */
export class HandlerTable<H> {
  private readonly handlers: ReadonlyMap<string, H>;
  private name: string | undefined = undefined;
  private handler: H | undefined = undefined;

  constructor(handlers: Readonly<Record<string, H>>) {
    this.handlers = new Map(Object.entries(handlers));
  }

  get(name: string): H | undefined {
    if (name === this.name) return this.handler;
    this.name = name;
    this.handler = this.handlers.get(name);
    return this.handler;
  }
}
