/** That no record meets another in a private critic's loss, checked rather than believed. */
import { VeilganError } from '../../base/errors.ts';
import { PhiloxStream } from '../../base/philox.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { RowTags } from '../../ops/row-draws.ts';
import { scope } from '../../tensor/scope.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import type { Player } from '../../train/player.ts';
import { type DivergenceName, divergences } from '../divergences.ts';
import type { CriticBatch } from './step.ts';

/** Rows of the trial, and of the pool that penalties are made with. */
const [ROWS, POOL] = [6, 3];
/** What rounding may move a loss by, of 1 + its size, where a record stands at another place. */
const ROUNDING = 1e-5;

export interface Guarded {
  readonly gpu: Gpu;
  readonly critics: Player;
  readonly width: number;
  readonly config: { readonly partitions: number; readonly divergence: DivergenceName };
  losses(p: Parameters, batch: CriticBatch): Tensor;
}

/** Records of a trial batch, by number, for every critic alike: `order[r]` stands in place r. */
type Order = readonly number[];

/**
 * Puts a trial batch of noise through the critics' losses, penalty and dropout included; then with one record exchanged
 * for another, and with the first record taken away, so that all others move up: where the loss of any other record
 * changes, clipping each record's gradient bounds nothing (batch normalisation, minibatch discrimination, packing;
 * masks or mixing points that go by place).
 * @throws VeilganError CONFIG
 */
export async function samplesApart(system: Guarded): Promise<void> {
  const { gpu, critics, width } = system;
  const { partitions: K, divergence } = system.config;
  const random = new PhiloxStream(0, 'guard');
  const values = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const records = Array.from({ length: ROWS + 1 }, () => values(width));
  const tags = records.map(() => [random.uint32(), random.uint32()]);
  const pool = values(K * POOL * width);
  const lossesOf = async (order: Order) => {
    const each = <T>(of: (record: number) => Iterable<T>) =>
      Array.from({ length: K }, () => order.flatMap((record) => [...of(record)])).flat();
    const found = scope(() =>
      system.losses(critics.parameters.parts, {
        rows: tensor(gpu, Float32Array.from(each((i) => records[i])), [K, ROWS, width]),
        reals: ROWS,
        tags: new RowTags(tensor(gpu, Uint32Array.from(each((i) => tags[i])), [K, ROWS, 2])),
        ...(divergences[divergence].penalty ? { pool: tensor(gpu, pool, [K, POOL, width]) } : {}),
      }),
    );
    const losses = await found.read();
    found.dispose();
    return losses;
  };
  const whole: Order = Array.from({ length: ROWS }, (_, i) => i);
  const exchanged = whole.map((record) => (record === 1 ? ROWS : record));
  const fewer = [...whole.slice(1), ROWS];
  const before = await lossesOf(whole);
  for (const order of [exchanged, fewer]) {
    const after = await lossesOf(order);
    for (const [place, record] of order.entries()) {
      if (record === ROWS) continue;
      for (let k = 0; k < K; k++) {
        const [a, b] = [before[k * ROWS + record], after[k * ROWS + place]];
        if (!(Math.abs(a - b) <= ROUNDING * (1 + Math.abs(a)))) throw meets();
      }
    }
  }
}

const meets = () =>
  new VeilganError('CONFIG', "a record's loss changes when another record of its batch does, or leaves it", {
    where: 'the private critic',
    fix: 'Use networks and losses that treat each record alone: no batch normalisation, no minibatch statistics, no draws by place',
  });
