/** A file of what the owner knows of the data without the rows. Node only. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { readError } from '../store/files.ts';
import { givenClasses } from './schema-kind.ts';

/** What such a file holds; its entries are checked where the columns are known. */
export interface GivenFile {
  readonly value: unknown;
  /** how messages call it */
  readonly source: string;
  readonly classes?: readonly string[];
}

/** @throws VeilganError FILE, or CONFIG for classes that are no list of texts */
export async function readGiven(path: string): Promise<GivenFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path);
  });
  const source = basename(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const fix = 'Write {"columns": {"age": {"low": 0, "high": 120}, "sex": {"values": ["f", "m"]}}}.';
    throw new VeilganError('FILE', 'the file is not JSON', { where: path, fix, cause });
  }
  const classes = givenClasses(value, source);
  return { value, source, ...(classes ? { classes } : {}) };
}

/** Names of classes from a list of them, or from how many there are. @throws VeilganError USAGE */
export function classesIn(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const count = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (count >= 1) return Array.from({ length: count }, (_, label) => String(label));
  if (names.length > 1 && !names.includes('') && new Set(names).size === names.length) return names;
  throw new VeilganError('USAGE', 'these are no classes', {
    where: '--classes',
    fix: 'Give their names, each once, in the order of their labels, as in cat,dog; or how many there are.',
  });
}
