/** The ledger of a fit: begun before anything is looked at, and opened again by a run that goes on. */
import { createLedger, type Ledger, type LedgerFile, type LedgerTerms, openLedger } from '../privacy/ledger/ledger.ts';
import { restoreCount } from '../train/player.ts';

/** The ledger of a new run. @throws VeilganError FILE */
export const beginLedger = (file: LedgerFile, terms: LedgerTerms): Ledger => createLedger(file, terms);

/**
 * The ledger of a run that goes on, opened to write.
 * @param meta what its checkpoint says of itself @param warn told of a last line that a crash cut short
 * @throws VeilganError FILE; CONFIG where its terms are others
 */
export function reopenLedger(
  file: LedgerFile,
  terms: LedgerTerms,
  { meta, warn }: { readonly meta: Readonly<Record<string, string>>; readonly warn: (line: string) => void },
): Ledger {
  const head = { line: restoreCount(meta, 'ledger_line'), hash: meta.ledger_hash ?? '' };
  return openLedger(file, { terms, head, updates: 0, warn });
}
