/** What a run has measured, as plain data: all that its fit and its samples follow from. It may come from elsewhere, so it is checked. */
import '../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import type { Block } from '../ops/heads.ts';
import { type ColumnPlaces, placesSchema, storedPlaces } from './places.ts';
import { estimatedTotal, type NoisyTable } from './targets.ts';

export const MEASURED_FILE = 'measured.json';

const numbers = z.array(z.number()).max(2 ** 22);
const schema = z.object({
  format: z.literal(1),
  /** records, where their number is public */
  rows: z.int().min(0).optional(),
  round: z
    .object({
      sigma: z.number().positive(),
      choice: z.number().positive(),
      last: z.boolean(),
      done: z.boolean().optional(),
    })
    .optional(),
  columns: z.array(placesSchema).min(1).max(4096),
  tables: z
    .array(z.object({ columns: z.array(z.int().min(0)).min(2).max(3), sigma: z.number().positive(), counts: numbers }))
    .max(2 ** 20),
});

/** The next round of adaptive measuring (AIM: McKenna and others 2022). */
export interface Round {
  /** noise of the table, and epsilon of its choice */
  sigma: number;
  choice: number;
  /** whether it takes all that is left, and has done so */
  last: boolean;
  done?: boolean;
}

export class Measured {
  /** records, where their number is public */
  readonly rows: number | undefined;
  readonly columns: readonly ColumnPlaces[];
  readonly tables: NoisyTable[];
  /** of a run that chooses its tables: what the next round does */
  round: Round | undefined;
  /** of the columns' places, side by side */
  readonly blocks: readonly Block[];

  constructor(columns: readonly ColumnPlaces[], rows: number | undefined, tables: readonly NoisyTable[] = []) {
    [this.columns, this.rows, this.tables] = [columns, rows, [...tables]];
    let at = 0;
    this.blocks = columns.map(({ counts: { length: width } }): Block => {
      at += width;
      return { kind: 'choice', at: at - width, width };
    });
  }

  /** Records: their public number, or an estimate from noisy totals. */
  get total(): number {
    return this.rows ?? estimatedTotal(this.columns);
  }

  toJson(): z.input<typeof schema> {
    const tables = this.tables.map(({ columns, sigma, counts }) => ({
      ...{ columns: [...columns], sigma, counts: Array.from(counts) },
    }));
    const rows = this.rows === undefined ? {} : { rows: this.rows };
    return {
      format: 1,
      ...rows,
      ...(this.round ? { round: { ...this.round } } : {}),
      columns: this.columns.map(storedPlaces),
      tables,
    };
  }

  /** @param where for messages @throws VeilganError FILE where it is not of this form */
  static fromJson(json: unknown, where: string): Measured {
    const fix = 'Restore it from a copy of the run, or start another run';
    const bad = (message: string) => new VeilganError('FILE', message, { where: `${where}, ${MEASURED_FILE}`, fix });
    if (json === undefined) throw bad('the run has no measured tables');
    const result = schema.safeParse(json);
    if (!result.success) {
      const [{ path, message }] = result.error.issues;
      throw bad(`${path.join('.')}: ${message}`);
    }
    const { rows, columns, tables, round } = result.data;
    for (const [i, { columns: of, counts }] of tables.entries()) {
      const size = of.reduce((n, column) => n * (columns[column]?.counts.length ?? 0), 1);
      if (size !== counts.length) throw bad(`tables.${i}: ${counts.length} counts of a table of ${size} cells`);
    }
    const measured = new Measured(columns, rows, tables);
    measured.round = round;
    return measured;
  }
}
