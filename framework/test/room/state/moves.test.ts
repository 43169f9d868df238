/** Objects that move, leave and come back: what random tests found, each as it was when it was found. */
import { describe, expect, test, vi } from 'vitest';
import { Shadow, restoreState, trackState } from '../../../src/room/state/index.ts';
import { TestClient, publicWorld } from './client.ts';
import { Branch, Fire, Leaf, newWorld, World } from './world.ts';

type Turn = (world: World) => void;

/** Plays patches, each of one turn or more, and compares the client, a new client and the shadow after each. */
function play(...patches: (Turn | Turn[])[]): void {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  const shadow = new Shadow();
  const tracked = trackState(newWorld());
  shadow.apply(tracked.commit()!);
  tracked.addClient('one');
  const client = new TestClient('one').join(tracked);
  for (const turns of patches) {
    for (const turn of [turns].flat()) {
      turn(tracked.state);
      shadow.apply(structuredClone(tracked.commit()!));
    }
    client.patch(tracked.flush());
    const shown = publicWorld(tracked.state);
    expect(publicWorld(client.state), 'a client').toEqual(shown);
    expect(publicWorld(new TestClient('one').join(tracked).state), 'a new client').toEqual(shown);
    expect(publicWorld(restoreState(new World(), shadow.snapshot()).state), 'the shadow').toEqual(shown);
  }
  expect(complaints).not.toHaveBeenCalled();
  complaints.mockRestore();
}

const leaf = (n: number): Leaf => {
  const made = new Leaf();
  made.n = n;
  return made;
};

describe('an array', () => {
  test('below an array that is restated (seed 1977209463, in CI)', () => {
    play(({ king, main: { leaves } }) => {
      leaves[0] = king!;
      (leaves[1] as InstanceType<typeof Fire>).sparks.shift();
      leaves.shift();
    });
  });

  test('that lost an item and is then sorted loses no other one', () => {
    play(
      ({ main }) => main.leaves.push(leaf(9)),
      [
        ({ main }) => main.leaves.pop(),
        ({ main }) => {
          main.leaves.sort((a, b) => a.label.localeCompare(b.label));
          main.leaves.pop();
        },
      ],
    );
  });

  test('of objects that comes back with its holder, and loses what it had', () => {
    const row = new Branch();
    row.leaves.push(leaf(1));
    play(
      ({ rows }) => rows.push(row),
      ({ rows, branches }) => {
        rows.clear();
        branches.set('a', row);
        row.leaves.pop();
      },
    );
  });
});

describe('an object', () => {
  test('that comes back to a public place from below what had left, while views show it', () => {
    const [branch, one] = [new Branch(), leaf(1)];
    play(
      ({ rows }) => {
        rows.push(branch);
        branch.byKey.set('a', one);
      },
      ({ rows }) => rows.pop(),
      ({ main }) => {
        main.quest = one;
      },
      ({ branches }) => branches.set('b', branch),
    );
  });

  test('whose last place is gone again in the patch that has it first', () => {
    play([
      ({ main }) => main.leaves.push(leaf(1)),
      ({ main, branches }) => {
        main.leaf = main.leaves[2]!;
        branches.set('a', main);
      },
      ({ main }) => {
        main.leaf = undefined;
      },
    ]);
  });

  test('that is twice in one map, and elsewhere, is gone when both are', () => {
    const [branch, one] = [new Branch(), leaf(1)];
    play(
      (world) => {
        world.king = one;
        branch.byKey.set('a', one);
        branch.byKey.set('b', one);
        world.rows.push(branch);
      },
      (world) => {
        world.rows.pop();
        world.king = leaf(2);
      },
      ({ rows }) => rows.push(branch),
    );
  });

  test('that is at two places of what comes back is gone when that is gone again', () => {
    const [branch, one] = [new Branch(), leaf(1)];
    branch.leaf = one;
    branch.byKey.set('a', one);
    play(
      ({ rows }) => rows.push(branch),
      ({ rows }) => rows.pop(),
      ({ rows }) => rows.push(branch),
      ({ rows }) => {
        branch.leaf = undefined;
        rows.pop();
      },
      ({ rows }) => rows.push(branch),
    );
  });

  test.each<[string, (branch: Branch, king: Leaf) => void]>([
    ['array', ({ leaves }, king) => [leaves.push(king), (leaves[0] = leaf(3))]],
    ['map', ({ byKey }, king) => [byKey.set('a', king), byKey.set('a', leaf(3))]],
  ])('stays where it is when an %s outside the tree has another one in its stead', (_, replace) => {
    play(
      (world) => {
        replace(new Branch(), world.king!);
        world.round++;
      },
      (world) => {
        world.king!.n = 7;
      },
    );
  });
});
