/**
 * Nearest neighbours as attacks need them: 10^4 queries against 10^4 rows. The naive kernel (all differences) beside
 * the chosen way (product, candidates, distances anew in float64). Validated before timed: against float64 on the
 * host.
 */
import { HostSearch } from '../src/base/maths/kdtree.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { nearestNeighbours } from '../src/metrics/neighbours.ts';
import { disposeCandidates, makeCandidates } from '../src/ops/nearest.ts';
import { nearestTileNaive } from '../src/ops/nearest-naive.ts';
import { normal } from '../src/ops/random.ts';
import { alternate, bytesHeld, median, type Result, settle } from './measure.ts';

/** Pixels of MNIST and CIFAR-10. */
const WIDTHS = [784, 3072];
const ROWS = 10_000;
/** Queries that the naive kernel takes on a software adapter, where it needs minutes for all; its time is scaled up. */
const NAIVE_QUERIES = 512;
const NEIGHBOURS = 5;

export interface NearestBenchOptions {
  /** CIFAR-10's width on a software adapter too */
  readonly large?: boolean;
}

export async function nearestSuite(gpu: Gpu, { large = false }: NearestBenchOptions = {}): Promise<Result[]> {
  const results: Result[] = [];
  for (const width of gpu.adapter.software && !large ? WIDTHS.slice(0, 1) : WIDTHS) {
    const draw = async (seed: number) => {
      const t = normal(gpu, [ROWS, width], { seed });
      const values = await t.read();
      t.dispose();
      return values;
    };
    const [queries, base] = [await draw(1), await draw(2)];
    const options = { features: width, k: NEIGHBOURS, on: 'device' } as const;
    const before = bytesHeld(gpu);
    const found = await nearestNeighbours(gpu, queries, base, options);
    const { live, pooled } = gpu.memory();
    const bytes = live + pooled - before;
    validate(queries, base, width, found);
    const name = `${ROWS} x ${ROWS} x ${width}, ${NEIGHBOURS} nearest`;
    const few = gpu.adapter.software ? NAIVE_QUERIES : ROWS;
    const some = normal(gpu, [few, width], { seed: 1 });
    const rows = normal(gpu, [2048, width], { seed: 2 });
    const lists = makeCandidates(gpu, few, 8);
    const subjects = [
      {
        name: 'naive',
        rounds: 3,
        run: async (times: number) => {
          for (let i = 0; i < times; i++) nearestTileNaive(lists, rows, some, 0);
          await settle(gpu, `nearest naive ${width}`, times);
        },
      },
      {
        name: 'chosen',
        rounds: 3,
        run: async (times: number) => {
          for (let i = 0; i < times; i++) await nearestNeighbours(gpu, queries, base, options);
        },
      },
    ];
    const times = await alternate(subjects, { rounds: 3, targetMs: 1 });
    const scale = [(ROWS / few) * (ROWS / 2048), 1];
    subjects.forEach((subject, i) => {
      const ms = median(times[i]) * scale[i];
      results.push({
        suite: 'nearest',
        case: name,
        impl: subject.name,
        median_ms: ms,
        best_ms: Math.min(...times[i]) * scale[i],
        gflops: (2 * ROWS * ROWS * width) / ms / 1e6,
        ...(i
          ? { bytes, ratio: (median(times[0]) * scale[0]) / ms, of: 'the naive time, of a part and scaled up' }
          : {}),
      });
    });
    for (const t of [some, rows]) t.dispose();
    disposeCandidates(lists);
    gpu.trim();
  }
  return results;
}

/** @throws Error naming the query whose neighbours are not those of a float64 search */
function validate(queries: Float32Array, base: Float32Array, width: number, found: { squared: Float64Array }): void {
  const host = new HostSearch(base, width);
  const out = { k: NEIGHBOURS, squared: found.squared.slice(), indices: new Uint32Array(found.squared.length) };
  for (let t = 0; t < 32; t++) {
    const query = (t * 317) % ROWS;
    host.find(queries, query, out);
    for (let r = 0; r < NEIGHBOURS; r++) {
      const at = query * NEIGHBOURS + r;
      if (out.squared[at] === found.squared[at]) continue;
      throw new Error(`query ${query}, neighbour ${r}: ${found.squared[at]}, not ${out.squared[at]}`);
    }
  }
}
