/**
 * K critics in one program. A first axis of groups keeps their weights and rows apart, so one matrix product serves all
 * of them; `capture` records a step once, and replays run without JavaScript between them. Each critic here learns to
 * tell the rows of its own partition from noise.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flat, grad, log, mlp, normal, type Parameters, scope, sgd } from 'veilgan/nn';
import { open } from 'veilgan/node';

test('four critics learn side by side', async () => {
  const gpu = await open();
  const [K, rows] = [4, 32];
  const network = mlp([2, 16, 1]);
  const critics = flat(gpu, network.shapes(K));
  network.initialise(critics.parts, {}, 1, 0);
  const optimizer = sgd(critics, { rate: 0.2 });
  const score = (p: Parameters, x: ReturnType<typeof normal>) =>
    network.apply(p, x, { training: true, seed: 1, statistics: {} });
  const real = normal(gpu, [K, rows, 2], { seed: 2 }).mul(0.3).add(1);
  const step = () =>
    scope(() => {
      const fake = normal(gpu, [K, rows, 2], { seed: 3 }); // drawn anew in each replay
      const losses = (p: Parameters) => score(p, real).neg().softplus().add(score(p, fake).softplus()).mean([1, 2]);
      log('loss', losses(critics.parts));
      optimizer.update(grad((p: Parameters) => losses(p).sum())(critics.parts));
    });
  const program = gpu.capture('critics', step);
  const logs = await gpu.replay(Array.from({ length: 100 }, (_, i) => ({ program, step: i }))).done();
  const [first, last] = [logs.get('loss')?.at(0), logs.get('loss')?.at(-1)] as Float32Array[];
  assert.is(last.length, K);
  assert.ok(last.every((loss, k) => loss < 0.8 * first[k]));
  gpu.close();
});

test.run();
