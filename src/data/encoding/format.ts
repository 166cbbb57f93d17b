/** An encoding from a file, which may come from elsewhere, so it is checked before anything is believed. Browser-safe. */
import { z } from 'zod';
import { isDateFormat } from '../csv/dates.ts';
import type { Encoding } from '../table.ts';

const name = z.string().min(1).max(10_000);
const ascending = (list: readonly number[]) => list.every((value, i) => i === 0 || value > list[i - 1]);
const texts = z.array(z.string()).max(2 ** 20);
const distinct = (list: readonly string[]) => new Set(list).size === list.length;

/** Noisy shares of places. */
const shares = z
  .array(z.number().min(0).max(1))
  .max(2 ** 20)
  .optional();

const number = z
  .object({
    name,
    kind: z.enum(['number', 'integer', 'date']),
    decimals: z.int().min(0).max(100).optional(),
    format: z.string().max(100).optional(),
    values: z.array(z.number()).max(2 ** 16),
    at: z.array(z.number().min(-1).max(1)).max(2 ** 16),
    missing: z.boolean(),
    shares,
  })
  .refine(
    ({ shares, missing }) => !shares || shares.length === (missing ? 2 : 0),
    'there are not as many shares as places',
  )
  .refine(({ values, at }) => values.length === at.length, 'there are not as many values as places')
  .refine(({ values, missing }) => values.length > 0 || missing, 'there are no knots')
  .refine(({ values, at }) => ascending(values) && ascending(at), 'knots are not ascending')
  .refine(({ values: v }) => v.length < 2 || Number.isFinite(v[v.length - 1] - v[0]), 'knots are too far apart')
  .refine(({ at }) => (at.length > 1 ? at[0] === -1 && at[at.length - 1] === 1 : !at[0]), 'knots do not span -1 to 1')
  .refine(
    ({ kind, decimals: d }) => (kind === 'number' ? d !== undefined : kind === 'integer' ? !d : d === undefined),
    {
      message: 'decimals do not fit the kind',
    },
  )
  .refine(({ kind, format }) => (kind === 'date') === (format !== undefined), 'a format is of dates')
  .refine(({ format }) => format === undefined || isDateFormat(format), 'the format is not one of dates');

const category = z
  .object({
    name,
    kind: z.enum(['category', 'boolean']),
    values: texts,
    rare: z.object({ values: texts.min(1), counts: z.array(z.int().min(1)) }).optional(),
    missing: z.boolean(),
    shares,
  })
  .refine(
    ({ shares, values, rare, missing }) =>
      !shares || shares.length === values.length + Number(!!rare) + Number(missing),
    'there are not as many shares as places',
  )
  .refine(({ rare }) => !rare || rare.values.length === rare.counts.length, 'there are not as many counts as values')
  .refine(({ values, rare }) => distinct([...values, ...(rare?.values ?? [])]), 'a value is there twice')
  .refine(({ values, rare, missing }) => values.length > 0 || rare || missing, 'there are no values');

/** How one column becomes values. */
export const columnCodeSchema = z.discriminatedUnion('kind', [number, category]);

/** What was neither given nor paid for: see `Open`. */
export const openSchema = z.array(
  z.object({
    what: z.enum(['kind', 'decimals', 'format', 'left-out', 'numbers', 'classes']),
    column: z.string().max(10_000).optional(),
  }),
);

const paid = z.object({ epsilon: z.number().min(0), delta: z.number().min(0).lt(1) });

/** The form of an `Encoding`, with what makes decoding possible: ascending knots, distinct values, no empty block. */
export const encodingSchema: z.ZodType<Encoding> = z
  .object({
    columns: z
      .array(columnCodeSchema)
      .min(1)
      .max(2 ** 16),
    from: z.enum(['data', 'given', 'paid']),
    paid: paid.optional(),
    open: openSchema.max(2 ** 18).optional(),
    label: z.string().optional(),
  })
  .refine(({ columns }) => distinct(columns.map((column) => column.name)), 'a column is there twice')
  .refine(
    ({ columns, label }) => label === undefined || columns.some((c) => c.name === label),
    'no column is the label',
  )
  .refine((encoding) => (encoding.from === 'paid') === (encoding.paid !== undefined), 'the price is missing or idle');
