/** What of a private run's own documents may leave with what it releases. Browser-safe. */
import type { RunInfo } from './schema.ts';

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
