/** Draws that follow rows: against Philox on the host, wherever the row stands; and that no repeats meet. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { drawCounter, philox } from '../../src/base/philox.ts';
import { log } from '../../src/ops/assign.ts';
import { dropoutMask } from '../../src/ops/dropout.ts';
import { uniform } from '../../src/ops/random.ts';
import { RowTags, rowTags } from '../../src/ops/row-draws.ts';
import { scope } from '../../src/tensor/scope.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const words = (n: number, salt = 1) =>
  Uint32Array.from({ length: 2 * n }, (_, i) => Math.imul(i + salt, 2654435761) >>> 0);
const PROGRAM = 0x726f7773;
/** Draws of one row by hand. */
const byHand = (tag: readonly [number, number], width: number, site = 0, step = 0, repeat = 0) =>
  Array.from({ length: width }, (_, i) => {
    const four = philox(drawCounter(Math.floor(i / 4), step, site, repeat, PROGRAM), tag);
    return Math.floor(four[i % 4] / 256) * 2 ** -24;
  });

test('uniform draws and masks by row are those of Philox under the tag, at odd shapes', async () => {
  for (const [groups, n, width] of [
    [1, 1, 1],
    [2, 3, 5],
    [3, 7, 130],
  ]) {
    const list = words(groups * n);
    const tags = new RowTags(tensor(gpu, list, [groups, n, 2]));
    const [u, mask] = [
      tags.uniform([groups, n, width]),
      dropoutMask(gpu, [groups, n, width], 0.4, { seed: 1, rows: tags }),
    ];
    const [draws, kept] = [await u.read(), await mask.read()];
    for (let row = 0; row < groups * n; row++) {
      const tag = [list[2 * row], list[2 * row + 1]] as const;
      const own = (site: number) => byHand(tag, width, site);
      assert.equal(Array.from(draws.subarray(row * width, (row + 1) * width)), own(0));
      const keep = Math.fround(1 / 0.6);
      assert.equal(
        Array.from(kept.subarray(row * width, (row + 1) * width)),
        own(1).map((v) => (v < Math.fround(0.4) ? 0 : keep)),
      );
    }
  }
});

test('a choice by row is one of its own group, each as likely, and the same wherever the row stands', async () => {
  const [groups, n, many] = [2, 3000, 7];
  const list = words(groups * n);
  const pool = tensor(
    gpu,
    Float32Array.from({ length: groups * many }, (_, i) => i),
    [groups, many, 1],
  );
  const picks = await new RowTags(tensor(gpu, list, [groups, n, 2])).pick(pool).read();
  const counts = new Array(groups * many).fill(0);
  picks.forEach((pick, row) => {
    assert.is(Math.floor(pick / many), Math.floor(row / n));
    counts[pick]++;
  });
  // 429 +- 19 each.
  assert.ok(
    counts.every((c) => Math.abs(c - n / many) < 120),
    counts.join(),
  );
  const turned = Uint32Array.from(
    { length: 2 * groups * n },
    (_, i) => list[2 * (groups * n - 1 - Math.floor(i / 2)) + (i % 2)],
  );
  const again = await new RowTags(tensor(gpu, turned, [groups, n, 2])).pick(pool).read();
  again.forEach((pick, row) => assert.is(pick % many, picks[groups * n - 1 - row] % many));
});

test('in a program rows have the tags that were sent with them, generated ones those of their place; draws differ by step and repeat', async () => {
  const [groups, reals, batch] = [2, 3, 5];
  const list = tensor(gpu, words(4 * groups * reals), [4 * groups * reals, 2]);
  const record = (name: string, before: number) =>
    gpu.capture(name, () =>
      scope(() => {
        for (let i = 0; i < before; i++) log(`other${i}`, uniform(gpu, [1], { seed: 1 }));
        const tags = rowTags(list, { groups, batch, reals, seed: 3 });
        log('draws', tags.uniform([groups, batch, 1]));
      }),
    );
  const [one, two] = [record('one', 0), record('two', 3)];
  const draws = async (program: typeof one, index: number, step = 0, repeat = 0) =>
    Array.from(((await gpu.replay([{ program, step, repeat, index }]).done()).get('draws') as Float32Array[])[0]);
  const first = await draws(one, 0);
  assert.equal(first, await draws(two, 0));
  const later = await draws(one, groups * reals);
  for (let g = 0; g < groups; g++) {
    for (let r = 0; r < batch; r++) {
      const at = g * batch + r;
      if (r >= reals) assert.is(later[at], first[at]);
      else {
        const place = 2 * (groups * reals + g * reals + r);
        const sent = words(4 * groups * reals);
        assert.is(later[at], byHand([sent[place], sent[place + 1]], 1)[0]);
      }
    }
  }
  const all = [first, await draws(one, 0, 1), await draws(one, 0, 0, 1), await draws(one, 0, 0, 65_536)];
  assert.is(new Set(all.map((d) => d[0])).size, all.length);
  one.dispose();
  two.dispose();
});

test('draws do not repeat from repeat 65,536 on, in no op', async () => {
  const program = gpu.capture('repeats', () =>
    scope(() => {
      log('u', uniform(gpu, [8], { seed: 1 }));
      log('m', dropoutMask(gpu, [64], 0.5, { seed: 1 }));
    }),
  );
  const repeats = [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 131_072, 1_280_000];
  const logs = await gpu.replay(repeats.map((repeat) => ({ program, step: 0, repeat }))).done();
  for (const name of ['u', 'm']) {
    const rows = (logs.get(name) as Float32Array[]).map((row) => row.join());
    assert.is(new Set(rows).size, repeats.length, name);
  }
  program.dispose();
});

test('tags that are not one a row are refused', async () => {
  const tags = new RowTags(tensor(gpu, words(6), [2, 3, 2]));
  assert.is(await codeOf(() => tags.uniform([2, 4, 1])), 'SHAPE');
  assert.is(await codeOf(() => dropoutMask(gpu, [3, 2, 5], 0.5, { seed: 1, rows: tags })), 'SHAPE');
  assert.is(await codeOf(() => tags.pick(tensor(gpu, new Float32Array(3), [3, 1, 1]))), 'SHAPE');
});

test.run();
