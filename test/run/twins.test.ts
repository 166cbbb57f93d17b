/**
 * Twins from file to file: a private run on a table and one on the same table with one odd row more, given the noisy
 * releases of the first, release the same bytes: encoding, losses, networks, samples, report, the page's files. What
 * the report names as public may differ without a complete schema, and nothing else.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { TableData } from '../../src/data/dataset.ts';
import type { Given } from '../../src/data/encoding/schema.ts';
import { importSource } from '../../src/data/formats/index.ts';
import { privateConfig } from '../../src/gan/private/config.ts';
import { Witness } from '../../src/gan/private/witness.ts';
import type { Plan } from '../../src/page/protocol.ts';
import { Products } from '../../src/page/worker/products.ts';
import type { Training } from '../../src/page/worker/training.ts';
import { reportOn } from '../../src/report/compare.ts';
import { factsOf } from '../../src/report/facts.ts';
import { renderReport } from '../../src/report/html.ts';
import { MemoryRun } from '../../src/run/memory-run.ts';
import { samplesCsv, samplesOf } from '../../src/run/samples.ts';
import { RUN_FORMAT, releasedInfo } from '../../src/run/schema.ts';
import { spending } from '../../src/run/spend.ts';
import { beginJob, runTraining } from '../../src/run/training.ts';
import { Folder } from '../data/making.ts';

const gpu = await open();
const test = suite<{ folder: Folder }>('run/twins');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());
test.after(() => gpu.close());

const HEADER = 'age,weight,town,born,member';
const ROWS = Array.from(
  { length: 400 },
  (_, i) =>
    `${20 + ((7 * i) % 50)},${(60 + ((11 * i) % 30) + 0.25).toFixed(2)},${['York', 'Bath', 'Ely'][i % 3]},` +
    `2001-02-${String(1 + (i % 28)).padStart(2, '0')},${i % 2 ? 'yes' : 'no'}`,
);
const WHOLE: Given = {
  columns: {
    age: { kind: 'integer', low: 0, high: 120 },
    weight: { kind: 'number', decimals: 2, low: 0, high: 300, missing: true },
    town: { kind: 'category', values: ['Ely', 'Bath', 'York', 'elsewhere'] },
    born: { kind: 'date', format: 'YYYY-MM-DD', low: '1990-01-01', high: '2010-12-31', missing: true },
    member: { kind: 'boolean', values: ['no', 'yes'] },
  },
};
/** Kinds, decimals and formats are given; bounds and values are paid for. */
const TYPES: Given = {
  columns: {
    age: { kind: 'integer' },
    weight: { kind: 'number', decimals: 2 },
    town: { kind: 'category', values: ['Ely', 'Bath', 'York'] },
    born: { kind: 'date', format: 'YYYY-MM-DD' },
    member: { kind: 'boolean', values: ['no', 'yes'] },
  },
};
const ODD = {
  'more decimals': '41,123.4567,Bath,2001-02-03,yes',
  'texts where numbers are': 'old,heavy,Bath,yesterday,yes',
  'missing cells': ',,,,',
  'far out': '1e9,-1e12,Bath,1066-10-14,no',
  'a new town': '41,61.25,Zanzibar,2001-02-03,yes',
};

async function tableOf(folder: Folder, rows: readonly string[], given?: Given): Promise<TableData> {
  const path = folder.put('t.csv', `${HEADER}\n${rows.join('\n')}\n`);
  const file = given && { given: folder.put('given.json', JSON.stringify(given)) };
  const source = { kind: 'csv', path, isFile: true, name: 't' } as const;
  return (await importSource(source, { ...file, label: 'member' })) as TableData;
}

/** Everything that leaves the owner's hands, by name. */
async function released(table: TableData, given?: Witness) {
  const witness = new Witness(given);
  const config = privateConfig.parse({
    ...{ partitions: 1, batch: 40, population: 400, noiseMultiplier: 2, epsilon: 5, criticSteps: 2, steps: 3 },
    ...{ generatorHidden: [12], criticHidden: [12], latent: 4, snapshots: 2, snapshotEvery: 1 },
  });
  const plan = { system: 'dpgan' as const, config, seed: 1, insecureSeed: 7, witness };
  const added = { format: RUN_FORMAT, created: '2026-01-01T00:00:00Z', version: { veilgan: '0' } } as const;
  const job = beginJob(gpu, table, plan, (meta) => new MemoryRun('t', { ...added, ...meta }));
  await runTraining(job, { checkpointSeconds: 1000 });
  const { gan, run, data, guarantee } = job;
  const session = { job, run, sample: (n: number, stream = 0) => gan.sample(n, stream) };
  const live = () => ({ session, data, plan: { system: 'dpgan', seed: 1 } as Plan });
  const page = new Products({ live } as unknown as Training);
  const text = (blob: Blob) => blob.text();
  const report = renderReport(await reportOn([await factsOf(job, 't', {})]));
  const out: Record<string, string> = {
    encoding: JSON.stringify(run.info.encoding),
    columns: JSON.stringify([data.columns, data.shape, data.blocks]),
    losses: JSON.stringify(run.readMetrics()),
    state: JSON.stringify(
      Object.entries((await gan.state()).tensors).map(([name, t]) => [name, t.shape, Array.from(t.data)]),
    ),
    'run.json, as released': JSON.stringify(releasedInfo(run.info, true)),
    spending: JSON.stringify(guarantee && spending(guarantee)),
    'samples.csv': samplesCsv(samplesOf(job, await gan.sample(50))),
    report: report.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'then'),
    'page: rows': await text(await page.csv(50)),
    'page: array': await text(await page.npy(20)),
    'page: model': await text(page.model()),
    'page: report': await text(new Blob([report])).then((html) => html.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'then')),
  };
  guarantee?.close();
  gan.dispose();
  return { out, witness };
}

const differing = (a: Record<string, string>, b: Record<string, string>) =>
  Object.keys(a).filter((name) => a[name] !== b[name]);

for (const [what, given] of [
  ['a complete schema', WHOLE],
  ['types given, bounds and missing cells paid for', TYPES],
] as const) {
  test(`${what}: an odd row more changes no released byte`, async ({ folder }) => {
    const plain = await released(await tableOf(folder, ROWS, given));
    assert.is(plain.witness.counts.length > 0, given === TYPES);
    for (const [odd, row] of Object.entries(ODD)) {
      const twin = await released(await tableOf(folder, [...ROWS, row], given), plain.witness);
      assert.equal(differing(plain.out, twin.out), [], odd);
    }
  });
}

test('without a schema what differs is what the report names', async ({ folder }) => {
  const plain = await released(await tableOf(folder, ROWS));
  assert.match(plain.out.report, /not paid for/i);
  const twin = await released(await tableOf(folder, [...ROWS, ODD['more decimals']]), plain.witness);
  const changed = differing(plain.out, twin.out);
  assert.ok(changed.includes('encoding') && changed.includes('samples.csv'));
  // One decimal more is all: with it taken back the encodings agree.
  const [a, b] = [plain.out.encoding, twin.out.encoding].map((text) => JSON.parse(text));
  for (const one of [a, b]) {
    for (const column of one.columns) if (column.name === 'weight') delete column.decimals;
  }
  assert.equal(a.open, b.open);
  assert.ok(
    a.open.some((item: { what: string; column?: string }) => item.what === 'decimals' && item.column === 'weight'),
  );
});

test.run();
