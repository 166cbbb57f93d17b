/** What `attack` and `evaluate` leave in a run's private/ folder. Read with care: another version may have written it. */
import '../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import type { Run } from '../run/run.ts';

const share = z.number().min(0).max(1);
/** A field that is not as expected is as if it were not there. */
const lenient = <T>(type: z.ZodType<T>) => type.optional().catch(undefined);
const pair = z.tuple([z.number(), z.number()]);
const reason = z.array(z.object({ name: z.string(), why: z.string() }));

const roc = z
  .union([
    z.object({ fpr: z.array(share), tpr: z.array(share) }),
    z
      .array(z.tuple([share, share]))
      .transform((points) => ({ fpr: points.map((p) => p[0]), tpr: points.map((p) => p[1]) })),
  ])
  .refine(({ fpr, tpr }) => fpr.length === tpr.length && fpr.length > 0);

/** Something of each statistic beside the accuracy. */
const each = <T>(of: z.ZodType<T>) =>
  z.object({ auc: lenient(of), tpr_at_fpr: lenient(z.record(z.string(), of)), advantage: lenient(of) });
const level = z.object({ mean: z.number() });

const rate = { name: z.string(), accuracy: z.number(), chance: z.number(), ci95: lenient(pair) };

const attack = z.object({
  ...rate,
  ...each(z.number()).shape,
  /** 95 % intervals */
  intervals: lenient(each(pair)),
  /** chance levels: under shuffled membership */
  floors: lenient(each(level)),
  members: lenient(z.number()),
  non_members: lenient(z.number()),
  roc: lenient(roc),
});

/** Attacks against one set of non-members. */
const against = z.object({
  attacks: z.array(attack),
  tvd: lenient(z.object({ max: z.number(), mean: z.number(), floor: z.object({ max: level, mean: level }) })),
  set_attacks: lenient(z.array(z.object(rate))),
  closest_records: lenient(z.object({ share: z.number(), floor: level })),
});

const assessment = against.extend({
  /** hold-out, or left-out: rows of the members' own file that training left out */
  non_members: lenient(z.string()),
  /** the same against such rows, where `non_members` are of another split */
  clean: lenient(against),
  not_run: lenient(reason),
});

const metrics = z.record(z.string(), lenient(z.union([z.number(), z.array(z.number())])));

const name = z.string().max(10_000);
const column = z
  .object({
    name,
    kind: name,
    distance: share,
    real: lenient(share),
    labels: z.array(name).max(100),
    reference: z.array(share),
    samples: z.array(share),
  })
  .refine(({ labels: { length }, reference, samples }) => reference.length === length && samples.length === length);

/** One number of real rows and of samples for each of some names; null where there is none. */
const pairs = z
  .object({
    columns: z.array(name).max(100_000),
    real: z.array(share.nullable()),
    samples: z.array(share.nullable()),
    majority: lenient(z.array(share)),
  })
  .refine(({ columns: { length }, real, samples }) => real.length === length && samples.length === length);

const distances = z.array(share).max(20_000);
/** Tables of counts over one, two and three columns. */
const judge = z
  .object({
    columns: z.array(name).max(20_000),
    rows: z.object({ samples: z.number(), training: z.number(), holdout: lenient(z.number()) }),
    single: distances,
    floor_single: lenient(distances),
    pairs: lenient(distances),
    floor_pairs: lenient(distances),
    tables: z.tuple([z.number(), z.number(), z.number()]),
  })
  .refine(({ columns: { length }, single, floor_single, pairs, floor_pairs }) => {
    const fits = (list: readonly number[] | undefined, size: number) => !list || list.length === size;
    const all = (length * (length - 1)) / 2;
    return [single, floor_single].every((l) => fits(l, length)) && [pairs, floor_pairs].every((l) => fits(l, all));
  });

/** Linear models of a column, trained on samples and on real rows. */
const target = z.object({
  target: name,
  classes: z.number(),
  tested: z.number(),
  majority: share,
  accuracy: share,
  auc: share.nullable(),
  real_accuracy: lenient(share),
  real_auc: lenient(share.nullable()),
});

/** Of tables: what the numbers are made of. */
const details = z.object({
  columns: lenient(z.array(column).max(100_000)),
  associations: lenient(z.array(z.object({ a: name, b: name, reference: share, samples: share })).max(100)),
  dimension_probability: lenient(pairs),
  dimension_prediction: lenient(pairs),
  column_accuracy: lenient(pairs),
  judge: lenient(judge),
  targets: lenient(z.array(target).max(1000)),
  downstream: lenient(z.object({ target: name, taken: name, classes: z.array(name).max(100), tested: z.number() })),
});

const quality = z.object({
  metrics,
  real: lenient(metrics),
  details: lenient(details),
  not_run: lenient(reason),
});

export type StoredAttack = z.infer<typeof attack>;
/** The attacks on one run. */
export type StoredAssessment = z.infer<typeof assessment>;
export type StoredAgainst = z.infer<typeof against>;
/** Quality of samples, and of real rows in their place where there are rows of two kinds. */
export type StoredQuality = z.infer<typeof quality>;
/** A table's column: how far samples are from real rows, and the shares of what it holds. */
export type StoredColumn = z.infer<typeof column>;
export type StoredJudge = z.infer<typeof judge>;
export type StoredTarget = z.infer<typeof target>;
export type StoredPairs = z.infer<typeof pairs>;

export const ATTACKS_FILE = 'private/attacks.json';
export const QUALITY_FILE = 'private/quality.json';

/** The stored attacks, or undefined where there are none. @throws VeilganError FILE naming the field that is wrong */
export const storedAttacks = (run: Run): StoredAssessment | undefined => checked(run, ATTACKS_FILE, assessment);

/** The stored quality, or undefined where there is none. @throws VeilganError FILE naming the field that is wrong */
export const storedQuality = (run: Run): StoredQuality | undefined => checked(run, QUALITY_FILE, quality);

/** Quality as `evaluate` finds it, as if it had been stored. @throws VeilganError FILE */
export const checkedQuality = (found: unknown, where: string): StoredQuality => parsed(found, where, quality);

function checked<T>(run: Run, name: string, schema: z.ZodType<T>): T | undefined {
  const json = run.readJson(name);
  return json === undefined ? undefined : parsed(json, `${run.dir}/${name}`, schema);
}

function parsed<T>(json: unknown, where: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new VeilganError('FILE', `${path.join('.') || 'the document'}: ${message}`, {
    where,
    fix: 'Remove the file and attack or evaluate the run again',
  });
}
