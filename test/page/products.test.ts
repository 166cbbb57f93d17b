/** What a page hands out of a training: of a private one nothing that tells of its records. Run in Node. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { Source } from '../../src/data/dataset.ts';
import { parseFit } from '../../src/fit/config.ts';
import { parsePrivate } from '../../src/gan/private/config.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Plan } from '../../src/page/protocol.ts';
import { privatePlan } from '../../src/page/worker/config.ts';
import { Products } from '../../src/page/worker/products.ts';
import { PageSession } from '../../src/page/worker/session.ts';
import { Shelf } from '../../src/page/worker/shelf.ts';
import type { Training } from '../../src/page/worker/training.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import type { RunPlan } from '../../src/run/job.ts';
import { decodeSafetensors } from '../../src/run/safetensors.ts';
import { mixedCsv } from './page-csv.ts';
import { dpgan, pargan, points } from './session-job.ts';

const opened: Gpu[] = [];
test.after(() => {
  for (const gpu of opened) gpu.close();
});

/** A short training as the worker holds it, and how often it was attacked. */
async function trained(plan: RunPlan, data: Source = points()) {
  const session = await PageSession.start(data, plan, {
    open: async () => {
      const gpu = await open();
      opened.push(gpu);
      return gpu;
    },
  });
  await session.train(3);
  let attacks = 0;
  const attack = session.attack.bind(session);
  session.attack = (names) => {
    attacks++;
    return attack(names);
  };
  const live = () => ({ session, data, plan: { system: plan.system, seed: 5 } as Plan });
  return { session, data, products: new Products({ live } as Training), attacks: () => attacks };
}

const metadataOf = async (blob: Blob) => decodeSafetensors(new Uint8Array(await blob.arrayBuffer()), 'model').metadata;

test('the model file of a private run tells its settings and nothing of its records', async () => {
  for (const population of [0, 900]) {
    const plan = dpgan(3);
    const { session, data, products } = await trained({
      ...plan,
      config: parsePrivate({ ...plan.config, population, epsilon: 0 }),
    });
    const { 'run.json': text, ...meta } = await metadataOf(products.model());
    const info = JSON.parse(text);
    assert.equal(info.data, { name: data.name, ...(population ? {} : { rows: data.rows }) });
    assert.is(info.config.noiseMultiplier, 1.5);
    for (const secret of [data.meta.sha256, data.meta.origin]) assert.not.ok(text.includes(String(secret)), text);
    for (const own of ['ledger_line', 'ledger_hash', 'draws']) assert.not.ok(own in meta, own);
    await session.close();
  }
});

test('a report looks at real records where there is no guarantee, or where the owner asks', async () => {
  const real = /AUC|Against \d+ hold-out|training points/;
  const open = await trained(pargan());
  assert.match(await (await open.products.report(false)).text(), real);
  assert.is(open.attacks(), 1);
  await open.session.close();
  const { session, products, attacks } = await trained(dpgan());
  const shown = await (await products.report(false)).text();
  assert.not.match(shown, real);
  assert.not.ok(shown.includes(String(points().meta.origin)));
  assert.is(attacks(), 0);
  const own = await (await products.report(true)).text();
  assert.match(own, real);
  assert.is(attacks(), 1);
  // What was attacked for the owner is in no report that may be handed on.
  assert.not.match(await (await products.report(false)).text(), real);
  await session.close();
});

test('where no rows were kept back the owner sees comparisons, and nothing is attacked', async () => {
  const shelf = new Shelf();
  await shelf.open({ from: 'file', files: [new File([mixedCsv(300)], 'members.csv')] }, () => {});
  const columns = [
    { name: 'age', kind: 'integer' },
    { name: 'grade', kind: 'category' },
  ] as const;
  await shelf.choose({ columns, label: 'grade' }, () => {});
  const config = parseFit({ epsilon: 5, steps: 20, generatorHidden: [16], batch: 64 });
  const plan: RunPlan = { system: 'dp-marginals', config, seed: 1 };
  const { session, products, attacks } = await trained(plan, shelf.trained({ whole: true }));
  const shown = await (await products.report(false)).text();
  assert.match(shown, /No rows were chosen among those of the data set/);
  assert.not.match(shown, /held out|hold-out/);
  const own = await (await products.report(true)).text();
  assert.match(own, /Mean total variation of 300 samples to the 300 training rows/);
  assert.match(own, /No attack was run on it; what it can leak at most, epsilon says/);
  assert.is(attacks(), 0);
  await session.close();
});

test('the noise of a plan keeps all its steps within the limit, and little more of them', () => {
  const plan = {
    ...{ system: 'dp-pargan', partitions: 4, size: 'small', steps: 500, batch: 10, criticSteps: 2, rate: 1e-3 },
    ...{ divergence: 'js', clipNorm: 1, epsilon: 3, delta: 1e-5, seed: 1 },
  } as unknown as Plan;
  const data = points();
  const { noiseMultiplier: sigma } = privatePlan(plan, data);
  const spent = (steps: number) => epsilonOf([{ q: (4 * 10) / data.rows, sigma, steps }], 1e-5).pld ?? 9;
  assert.ok(spent(1000) <= 3 && spent(1010) > 3, `${spent(1000)}, ${spent(1010)}`);
});

test.run();
