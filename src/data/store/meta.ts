/** `meta.json` of a stored data set: its schema, and what to say when a stored set cannot be trusted. */
import * as z from 'zod';
import { VeilganError } from '../../base/errors.ts';
import { isDateFormat } from '../csv/dates.ts';
import { quote } from '../dataset.ts';
import { openSchema } from '../encoding/format.ts';
import type { Given } from '../table.ts';

const count = z
  .int()
  .min(0)
  .max(2 ** 40);
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const texts = z.array(z.string());
const distinct = (list: readonly string[]) => new Set(list).size === list.length;
const values = texts.max(2 ** 20).refine(distinct, 'a value is there twice');

const named = { name: z.string().min(1), missing: count };
const column = z.discriminatedUnion('kind', [
  z.object({ ...named, kind: z.enum(['number', 'integer']), decimals: z.int().min(0).max(100) }),
  z.object({ ...named, kind: z.literal('date'), format: z.string().max(100).refine(isDateFormat) }),
  z.object({ ...named, kind: z.enum(['category', 'boolean']), values }),
]);

/** What the columns of a table of mixed types are; its cells are in `train.f64`, `holdout.f64`. */
const table = z.object({
  columns: z.array(column).min(1),
  label: z.string().optional(),
  notes: texts.max(2 ** 16).optional(),
  /** checked where it is used: see encoding/schema.ts */
  given: z.custom<Given>((value) => typeof value === 'object' && value !== null).optional(),
});

const bounds = z.array(z.number());
const size = z
  .int()
  .min(1)
  .max(2 ** 31);

const schema = z.object({
  format: z.literal(1),
  name: z.string(),
  columns: texts,
  /** Shape of one record. */
  shape: z.array(size).min(1),
  rows: count,
  holdoutRows: count,
  sha256: hex,
  origin: z.string(),
  seed: z.int().min(0).optional(),
  generator: z.string().optional(),
  /** How the rows to train on were chosen where not all are. */
  split: z.enum(['positions', 'hash']).optional(),
  /** What was found in the rows, nobody having given it. */
  open: openSchema.max(2 ** 18).optional(),
  /** Columns of identifiers, of which samples get fresh ones. */
  keys: z
    .array(
      z.object({
        name: z.string(),
        at: z
          .int()
          .min(0)
          .max(2 ** 16),
      }),
    )
    .max(2 ** 10)
    .optional(),
  /** Names of the classes, by label. */
  classes: texts.max(2 ** 20).optional(),
  /** How the columns were scaled. */
  scaling: z.object({ low: bounds, high: bounds, from: z.enum(['given', 'data']) }).optional(),
  table: table.optional(),
  files: z.array(z.object({ name: z.string(), bytes: count, sha256: hex })),
});

export type Stored = z.infer<typeof schema>;

/** The error for a stored set that is not what was written. */
export function damaged(name: string, file: string, what: string): VeilganError {
  return new VeilganError('FILE', `data set ${quote(name)} is damaged: ${what}`, {
    where: file,
    fix: 'Import it again with `force`.',
  });
}

/**
 * `meta.json` from its text, with the sizes of the arrays checked against the shape before anything is allocated.
 * @throws VeilganError FILE
 */
export function storedMeta(name: string, file: string, text: string): Stored {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(name, file, 'meta.json is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(name, file, `meta.json, field ${quote(issue.path.join('.') || '(all)')}: ${issue.message}`);
  }
  const stored = parsed.data;
  const features = stored.shape.reduce((product, size) => product * size, 1);
  const [type, width] = stored.table ? ['f64', 8] : stored.files[0]?.name === 'train.u8' ? ['u8', 1] : ['f32', 4];
  const wanted: [string, number][] = [
    [`train.${type}`, width * stored.rows * features],
    [`holdout.${type}`, width * stored.holdoutRows * features],
    ['train.u32', 4 * stored.rows],
    ['holdout.u32', 4 * stored.holdoutRows],
  ];
  const fits =
    (stored.files.length === 2 || stored.files.length === 4) &&
    stored.files.every(({ name, bytes }, i) => name === wanted[i][0] && bytes === wanted[i][1]) &&
    (!stored.table || (stored.files.length === 2 && tableFits(stored.table, stored.columns))) &&
    (!stored.classes || stored.files.length === 4) &&
    (!stored.scaling || [stored.scaling.low, stored.scaling.high].every((side) => side.length === features)) &&
    (stored.columns.length === 0 || stored.columns.length === features);
  if (!fits) throw damaged(name, file, 'meta.json lists files that do not fit its shape and rows');
  return stored;
}

/** Whether a table's columns are those that are named, each once, and its label is one of them. */
function tableFits({ columns, label }: NonNullable<Stored['table']>, names: readonly string[]): boolean {
  const same = columns.length === names.length && columns.every(({ name }, i) => name === names[i]);
  return same && distinct(names) && (label === undefined || names.includes(label));
}
