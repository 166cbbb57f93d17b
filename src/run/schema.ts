/** What run.json holds. It may come from elsewhere, so it is validated before anything is believed. */
import '../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { encodingSchema } from '../data/encoding/format.ts';

export const RUN_FORMAT = 1;

const info = z.object({
  format: z.literal(RUN_FORMAT),
  /** a name of gan/systems.ts, or `classifier` */
  system: z.string().min(1),
  /** The data set by name, and whatever identifies its content (rows, columns, sha256). */
  data: z.looseObject({ name: z.string().min(1) }),
  /** Philox seed: samples, initial weights and shuffling follow from it. */
  seed: z.number().int().min(0),
  /** Every setting of the run, defaults included. */
  config: z.record(z.string(), z.unknown()),
  /** Local time zone independent: ISO 8601 in UTC. */
  created: z.iso.datetime(),
  version: z.looseObject({
    veilgan: z.string(),
    /** absent where it was trained in a page */
    node: z.string().optional(),
    git: z.object({ commit: z.string().regex(/^[0-9a-f]{40,64}$/), dirty: z.boolean() }).optional(),
  }),
  adapter: z.record(z.string(), z.unknown()),
  /** How the columns of a table became records: all that decoding samples needs. */
  encoding: encodingSchema.optional(),
});

export type RunInfo = z.infer<typeof info>;

/**
 * What a run.json says, checked.
 * @param path for messages
 * @throws VeilganError FILE naming the field that is wrong
 */
export function checkedRunInfo(json: unknown, path: string): RunInfo {
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > RUN_FORMAT) {
    throw new VeilganError('FILE', `the run was written by a newer VeilGAN (format ${format}, known: ${RUN_FORMAT})`, {
      where: path,
      fix: 'Install the newest VeilGAN',
    });
  }
  const result = info.safeParse(json);
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues;
  const field = first.path.length > 0 ? `field ${first.path.join('.')}` : 'the document';
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  throw new VeilganError('FILE', `${field}: ${first.message.replace(/^Invalid input: /, '')}${more}`, {
    where: path,
    fix: 'Restore run.json from a copy; a run cannot be continued or judged without its configuration',
  });
}

/**
 * The description of a run as it may be handed on. Of a private one without what tells of its records: the fingerprint
 * and the origin of the data, how many were held out, and how many there are unless that is public.
 * @param rows of a private run, where their number is public
 */
export function releasedInfo(info: RunInfo, isPrivate: boolean, rows?: number): RunInfo {
  if (!isPrivate) return info;
  return { ...info, data: { name: info.data.name, ...(rows === undefined ? {} : { rows }) } };
}

/** What a checkpoint says of itself that only the run itself needs: where its ledger stood, and draws of a seeded one. */
const OWN = ['ledger_line', 'ledger_hash', 'draws'];

/** A checkpoint's metadata as it may be handed on. */
export const releasedMeta = (meta: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(meta).filter(([name]) => !OWN.includes(name)));
