/**
 * The rewrite that lets a library built on glibc 2.38 load on an older glibc: a pure function over the bytes of an
 * ELF file.
 *
 * Since C23, headers of glibc 2.38 spell strtol, strtoul and sscanf as `__isoc23_strtol` and so on: a binary built
 * there asks for them by a symbol version (GLIBC_2.38) that older systems lack, although the plain functions differ
 * from them only in reading "0b…" literals. The rewrite lets each such import name the plain function, whose name is
 * the tail of the longer one and so stands in the string table already, at the version of its first release.
 *
 * Invariants: the length never changes; only undefined symbols (imports) are touched, which the hash table does not
 * list; anything that is not exactly as expected throws, and nothing is returned. The input is not modified.
 *
 *     const cured = rewriteIsoC23(readFileSync('uws_linux_x64_137.node'))
 *     cured.renamed // ['__isoc23_sscanf', '__isoc23_strtol', '__isoc23_strtoul']
 *
 * Layout of the tables: System V ABI, "Symbol Table"; Linux Standard Base, "Symbol Versioning".
 */
import { GenroomError } from './errors.ts';

/** The version that old systems lack. */
const MISSING = 'GLIBC_2.38';
/** By ELF machine: the version under which it has had strtol, strtoul and sscanf since its first glibc. */
const BASELINES: ReadonlyMap<number, string> = new Map([
  [62, 'GLIBC_2.2.5'], // x86-64
  [183, 'GLIBC_2.17'], // AArch64
]);
const PREFIX = '__isoc23_';
/** What may be renamed: these were compared by hand; another name stops the rewrite. */
const KNOWN: readonly string[] = ['__isoc23_strtol', '__isoc23_strtoul', '__isoc23_sscanf'];

const TYPE_SHARED = 3;
const SECTION_DYNSYM = 11;
const SECTION_VERNEED = 0x6ffffffe;
const SECTION_VERSYM = 0x6fffffff;
const SYMBOL_SIZE = 24;
/** The loader then accepts that the version is absent. */
const FLAG_WEAK = 0x2;

/** The rewritten copy, and the imports that were renamed in it. */
export interface Rewritten {
  readonly bytes: Buffer;
  readonly renamed: readonly string[];
}

/** The file is not what the rewrite was made for; nothing was changed. */
export class UnexpectedBinary extends GenroomError {
  constructor(what: string) {
    super('unexpected_binary', `The binary cannot be rewritten: ${what}`, {
      remedy: 'Use a system with glibc 2.38 or later (Debian 13, Ubuntu 24.04), or the ws transport.',
    });
  }
}

/**
 * Rewrites the imports at GLIBC_2.38 of a shared object for x86-64 or AArch64.
 *
 * @throws UnexpectedBinary for every other file, and for one with nothing to rewrite
 */
export function rewriteIsoC23(input: Uint8Array): Rewritten {
  const bytes = Buffer.from(input);
  try {
    return { bytes, renamed: rewrite(bytes) };
  } catch (error) {
    if (error instanceof RangeError) throw new UnexpectedBinary('a table points outside the file');
    throw error;
  }
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function rewrite(bytes: Buffer): string[] {
  const sections = readSections(bytes);
  const symbols = only(sections, SECTION_DYNSYM, '.dynsym');
  const versions = only(sections, SECTION_VERSYM, '.gnu.version');
  const needs = only(sections, SECTION_VERNEED, '.gnu.version_r');
  const strings = sections[symbols.link];
  expect(strings !== undefined && sections[needs.link] === strings, 'two string tables');
  expect(symbols.size % SYMBOL_SIZE === 0, 'an odd symbol table');
  const count = symbols.size / SYMBOL_SIZE;
  expect(versions.size === count * 2, 'a version table of another length than the symbol table');

  const libc = readNeeds(bytes, needs, strings).filter((need) => need.file === 'libc.so.6');
  const missing = libc.filter((need) => need.version === MISSING);
  const first = BASELINES.get(bytes.readUInt16LE(18));
  const baseline = libc.filter((need) => need.version === first);
  expect(missing.length === 1, `${missing.length} needs of ${MISSING} from libc.so.6`);
  expect(baseline.length === 1, `${baseline.length} needs of ${first} from libc.so.6`);

  const renamed: string[] = [];
  for (let index = 0; index < count; index++) {
    const versionAt = versions.offset + index * 2;
    // Bit 15 hides a symbol; the rest is the index that vernaux entries carry in vna_other.
    if ((bytes.readUInt16LE(versionAt) & 0x7fff) !== missing[0]!.index) continue;
    const symbolAt = symbols.offset + index * SYMBOL_SIZE;
    const nameAt = bytes.readUInt32LE(symbolAt);
    const name = readString(bytes, strings, nameAt);
    expect(KNOWN.includes(name), `${name} at ${MISSING} is not one of ${KNOWN.join(', ')}`);
    expect(bytes.readUInt16LE(symbolAt + 6) === 0, `${name} is defined here, not imported`);
    bytes.writeUInt32LE(nameAt + PREFIX.length, symbolAt);
    bytes.writeUInt16LE(baseline[0]!.index, versionAt);
    renamed.push(name);
  }
  expect(renamed.length > 0, `no symbol at ${MISSING}`);
  const flagsAt = missing[0]!.at + 4;
  bytes.writeUInt16LE(bytes.readUInt16LE(flagsAt) | FLAG_WEAK, flagsAt);
  return renamed.toSorted();
}

function readSections(bytes: Buffer): Section[] {
  expect(bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46, 'not an ELF file');
  expect(bytes[4] === 2 && bytes[5] === 1, 'not a 64-bit little-endian file');
  expect(bytes.readUInt16LE(16) === TYPE_SHARED, 'not a shared object');
  expect(BASELINES.has(bytes.readUInt16LE(18)), 'neither for x86-64 nor for AArch64');
  const table = Number(bytes.readBigUInt64LE(40));
  const entrySize = bytes.readUInt16LE(58);
  const count = bytes.readUInt16LE(60);
  expect(entrySize === 64 && count > 0, 'no section table');
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * entrySize;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
    };
  });
}

interface Need {
  readonly file: string;
  readonly version: string;
  /** The number by which the version table refers to it. */
  readonly index: number;
  /** Where its entry stands in the file. */
  readonly at: number;
}

function readNeeds(bytes: Buffer, section: Section, strings: Section): Need[] {
  const needs: Need[] = [];
  let fileAt = section.offset;
  for (;;) {
    expect(bytes.readUInt16LE(fileAt) === 1, 'a version table of another format');
    const file = readString(bytes, strings, bytes.readUInt32LE(fileAt + 4));
    let at = fileAt + bytes.readUInt32LE(fileAt + 8);
    for (let left = bytes.readUInt16LE(fileAt + 2); left > 0; left--) {
      const version = readString(bytes, strings, bytes.readUInt32LE(at + 8));
      needs.push({ file, version, index: bytes.readUInt16LE(at + 6), at });
      at += bytes.readUInt32LE(at + 12);
    }
    const next = bytes.readUInt32LE(fileAt + 12);
    if (next === 0) return needs;
    fileAt += next;
  }
}

function readString(bytes: Buffer, strings: Section, at: number): string {
  const start = strings.offset + at;
  const end = bytes.indexOf(0, start);
  expect(at < strings.size && end !== -1, 'a name outside the string table');
  return bytes.toString('latin1', start, end);
}

function only(sections: Section[], type: number, name: string): Section {
  const found = sections.filter((section) => section.type === type);
  expect(found.length === 1, `${found.length} sections ${name}`);
  return found[0]!;
}

function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new UnexpectedBinary(otherwise);
}
