/** The rewrite of the real binaries of uWebSockets.js: what it changes, and that everything unexpected stops it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CURED_HASHES } from '../../src/platform/cured-hashes.ts';
import { rewriteIsoC23, UnexpectedBinary } from '../../src/platform/glibc-rewrite.ts';

const folder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const binary = (name: string): Buffer => readFileSync(join(folder, `uws_${name}.node`));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const original = binary('linux_x64_137');

/** Positions at which two files of one length differ. */
function differences(a: Buffer, b: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) found.push(at);
  return found;
}

const ON_X64 = ['__isoc23_sscanf', '__isoc23_strtol', '__isoc23_strtoul'];
const ON_ARM64 = ['__isoc23_strtol', '__isoc23_strtoul'];

test.each([
  ['linux_x64_115', ON_X64],
  ['linux_x64_127', ON_X64],
  ['linux_x64_137', ON_X64],
  ['linux_x64_141', ON_X64],
  ['linux_arm64_115', ON_ARM64],
  ['linux_arm64_127', ON_ARM64],
  ['linux_arm64_137', ON_ARM64],
])('%s: its imports, a few bytes, the same length, the listed hash', (name, imports) => {
  const before = binary(name);
  const kept = Buffer.from(before);
  const { bytes, renamed } = rewriteIsoC23(before);
  expect(renamed).toEqual(imports);
  expect(CURED_HASHES.get(sha256(before))).toBe(sha256(bytes));
  expect(bytes.length).toBe(before.length);
  expect(before.equals(kept)).toBe(true);
  // Per import the name's offset (4 bytes at most) and its version (2); and the flags of one version.
  const changed = differences(before, bytes);
  expect(changed.length).toBeGreaterThanOrEqual(imports.length * 2 + 1);
  expect(changed.length).toBeLessThanOrEqual(imports.length * 6 + 2);
});

test('the imports name the plain functions, and nothing else of a symbol changes', () => {
  const { bytes } = rewriteIsoC23(original);
  const symbols = sectionOfType(11);
  const strings = sectionAt(symbols.link);
  const nameOf = (file: Buffer, symbol: number): string => {
    const at = strings.offset + file.readUInt32LE(symbol);
    return file.toString('latin1', at, file.indexOf(0, at));
  };
  const renames: string[] = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    expect(bytes.subarray(at + 4, at + 24).equals(original.subarray(at + 4, at + 24))).toBe(true);
    const [before, after] = [nameOf(original, at), nameOf(bytes, at)];
    if (before !== after) renames.push(`${before} → ${after}`);
  }
  expect(renames.toSorted()).toEqual([
    '__isoc23_sscanf → sscanf',
    '__isoc23_strtol → strtol',
    '__isoc23_strtoul → strtoul',
  ]);
});

interface Section {
  type: number;
  offset: number;
  size: number;
  link: number;
}

function sectionAt(index: number): Section {
  const at = Number(original.readBigUInt64LE(40)) + index * 64;
  return {
    type: original.readUInt32LE(at + 4),
    offset: Number(original.readBigUInt64LE(at + 24)),
    size: Number(original.readBigUInt64LE(at + 32)),
    link: original.readUInt32LE(at + 40),
  };
}

function sectionOfType(type: number): Section {
  const sections = Array.from({ length: original.readUInt16LE(60) }, (_, index) => sectionAt(index));
  return sections.find((section) => section.type === type)!;
}

test('a second rewrite finds nothing to do and stops', () => {
  const { bytes } = rewriteIsoC23(original);
  expect(() => rewriteIsoC23(bytes)).toThrow(UnexpectedBinary);
});

describe('it stops at', () => {
  test.each([
    ['another processor', () => otherMachine(), 'neither for x86-64 nor for AArch64'],
    ['another format', () => binary('darwin_arm64_137'), 'not an ELF file'],
    ['Windows', () => binary('win32_x64_137'), 'not an ELF file'],
    ['nothing', () => Buffer.alloc(0), 'not an ELF file'],
    ['a program', () => readFileSync(process.execPath).subarray(0, 4096), ''],
    ['half of the file', () => original.subarray(0, original.length / 2), 'outside the file'],
    ['an unknown import', () => replaced('__isoc23_strtol\0', '__isoc23_strtox\0'), '__isoc23_strtox'],
    ['another library', () => replaced('libc.so.6\0', 'libd.so.6\0'), 'needs of GLIBC_2.38'],
    ['another version', () => replaced('GLIBC_2.38\0', 'GLIBC_2.39\0'), 'needs of GLIBC_2.38'],
  ])('%s', (_, input, message) => {
    expect(() => rewriteIsoC23(input())).toThrow(UnexpectedBinary);
    expect(() => rewriteIsoC23(input())).toThrow(message);
  });

  /** The file, as one for RISC-V. */
  function otherMachine(): Buffer {
    const bytes = Buffer.from(original);
    bytes.writeUInt16LE(243, 18);
    return bytes;
  }

  function replaced(text: string, by: string): Buffer {
    const bytes = Buffer.from(original);
    const at = bytes.indexOf(text);
    expect(at).toBeGreaterThan(0);
    bytes.write(by, at, 'latin1');
    return bytes;
  }

  test('damaged tables: it throws UnexpectedBinary or returns a file of the same length, nothing else', () => {
    const table = Number(original.readBigUInt64LE(40));
    const place = fc.oneof(fc.nat(63), fc.integer({ min: table, max: original.length - 1 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }), (damage) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of damage) bytes[at] = value;
        try {
          expect(rewriteIsoC23(bytes).bytes.length).toBe(original.length);
        } catch (error) {
          expect(error).toBeInstanceOf(UnexpectedBinary);
        }
      }),
      { numRuns: 60 },
    );
  });
});
