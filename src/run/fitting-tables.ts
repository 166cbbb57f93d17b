/** Fits to noisy tables of counts: what fitting.ts begins and opens for dp-marginals. */
import { VeilganError } from '../base/errors.ts';
import { isTable, type Source, type TableData } from '../data/dataset.ts';
import { encodeTable } from '../data/encoding/encode.ts';
import { openOf } from '../data/encoding/schema.ts';
import { type Encoding, widthOf } from '../data/table.ts';
import { parseFit } from '../fit/config.ts';
import { MarginalsFit } from '../fit/marginals.ts';
import { MEASURED_FILE, Measured } from '../fit/measured.ts';
import { Measurer, type MeasurerParts } from '../fit/measurer.ts';
import { FitPlan } from '../fit/plan.ts';
import type { Gpu } from '../gpu/index.ts';
import { trainingRows } from '../train/rows.ts';
import type { Fitted, Fitting } from './fitted.ts';
import type { Run } from './run.ts';

/** @throws VeilganError CONFIG for data that are no table */
function tableOf(source: Source): TableData {
  if (isTable(source)) return source;
  throw new VeilganError('CONFIG', `${source.name} is no table of columns, which dp-marginals counts`, {
    where: 'data',
    fix: 'Import the CSV `as: table`, or train dp-features',
  });
}

/** The rows that are counted, as a table of their own. */
const counted = ({ table, train, features }: TableData, rows: number) => ({
  ...table,
  train: train.subarray(0, features * rows),
});

/** @throws VeilganError CONFIG where data and budget do not fit */
export function tablesFitting(fields: Readonly<Record<string, unknown>>, source: Source): Fitting {
  const config = parseFit(fields);
  const data = tableOf(source);
  const rows = trainingRows(data, config);
  const plan = new FitPlan(config, data.table, data.given, rows);
  const { tableSigma, rounds, terms } = plan;
  const measurerOf = (run: Run, parts: Pick<MeasurerParts, 'key' | 'ledger' | 'witness'>, before?: Measured) =>
    new Measurer(
      {
        ...parts,
        ...{ plan, table: counted(data, rows), given: data.given },
        store: (measured) => run.writeJson(MEASURED_FILE, measured.toJson()),
      },
      before,
    );
  const fittedOf = (
    gpu: Gpu,
    { seed, encoding, steps }: { seed: number; encoding: Encoding; steps: number },
    measured: Measured,
    measurer?: Measurer,
  ): Fitted => {
    const { table, ...more } = data;
    const parts = { config, seed, encoding, rows, measured, measurer, tableSigma, rounds, steps };
    return {
      gan: new MarginalsFit(gpu, widthOf(encoding), parts),
      data: encodeTable(table, encoding, more),
      table,
      wipe: () => measurer?.wipe(),
    };
  };
  return {
    ...{ config, terms, steps: plan.steps },
    begin: (gpu, { run, seed, key, ledger, tables: witness }) => {
      const measurer = measurerOf(run, { key, ledger, witness });
      try {
        const encoding = { ...(measurer.encoding as Encoding), open: openOf(data) };
        run.describe({ encoding });
        return fittedOf(gpu, { seed, encoding, steps: plan.steps }, measurer.measured, measurer);
      } catch (error) {
        measurer.wipe();
        throw error;
      }
    },
    open: (gpu, { run, writes, steps }) => {
      const { seed, encoding } = run.info;
      const measured = Measured.fromJson(run.readJson(MEASURED_FILE), run.dir);
      if (!encoding) {
        throw new VeilganError('FILE', 'the run does not say how its records are made', {
          where: `${run.dir}, run.json`,
          fix: 'Restore run.json from a copy',
        });
      }
      const measurer = writes && measurerOf(run, writes, measured);
      try {
        return fittedOf(gpu, { seed, encoding, steps }, measured, measurer);
      } catch (error) {
        measurer?.wipe();
        throw error;
      }
    },
  };
}
