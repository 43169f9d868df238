/**
 * Queue order: in a patch, what changed stands behind everything that changed and holds it.
 *
 * A client learns of a new object from its holder and drops fields of an object it has not heard of. Schema 5.0.34 keeps
 * its queue in that order by one of an object's places only, the last it got, which may be gone again. So where
 * something in the queue has had several places, the whole queue is put in order here.
 *
 * Invariant: costs nothing where no object of the patch has had several places, else in proportion to the patch.
 *
 *     orderQueue(root);      // before encoder.encode()
 */
import type { ChangeTree } from '@colyseus/schema';
import { $changes } from './schema-internals.ts';
import type { TurnRoot } from './turn-root.ts';

type QueueNode = NonNullable<ChangeTree['changesNode']>;

/** Puts each tree of the queue behind those that hold it. */
export function orderQueue(root: TurnRoot): void {
  const nodes: QueueNode[] = [];
  let several = false;
  for (let node = root.changes.next; node !== undefined; node = node.next) {
    nodes.push(node);
    several ||= node.changeTree.extraParents !== undefined;
  }
  if (!several) return;
  // Schema keeps places that an object has left. They do no harm, unless what was below an object is above it now.
  relink(root, sorted(nodes, false) ?? sorted(nodes, true)!);
}

/** The nodes, each behind its holders. `exact`: places are looked at; without that, undefined where they go in circles. */
function sorted(nodes: readonly QueueNode[], exact: boolean): QueueNode[] | undefined {
  const placed = new Set<QueueNode>();
  const waiting = new Set<QueueNode>();
  let circular = false;
  const place = (node: QueueNode): void => {
    if (placed.has(node)) return;
    circular ||= waiting.has(node);
    if (waiting.has(node)) return;
    waiting.add(node);
    const tree = node.changeTree;
    for (const { ref } of tree.getAllParents()) {
      const holder = ref[$changes]!;
      if (holder.root !== tree.root || holder.changesNode === undefined || (exact && !holds(holder, tree))) continue;
      place(holder.changesNode);
    }
    placed.add(node);
  };
  for (const node of nodes) place(node);
  return circular && !exact ? undefined : [...placed];
}

function holds(holder: ChangeTree, tree: ChangeTree): boolean {
  let found = false;
  holder.forEachChild((child) => {
    found ||= child === tree;
  });
  return found;
}

function relink({ changes }: TurnRoot, nodes: readonly QueueNode[]): void {
  nodes.forEach((node, at) => {
    node.prev = nodes[at - 1];
    node.next = nodes[at + 1];
    node.position = at;
  });
  changes.next = nodes[0];
  changes.tail = nodes.at(-1);
  changes.nextPosition = nodes.length;
}
