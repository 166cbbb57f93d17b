/** Square products: every kernel that can compute them, the naive one always in the table. Validated before timed. */
import type { Gpu } from '../src/gpu/gpu.ts';
import { runMatmul } from '../src/ops/matmul.ts';
import { eligible, type MatmulKernel } from '../src/ops/matmul-plan.ts';
import { normal } from '../src/ops/random.ts';
import { alternate, median, type Result, settle } from './measure.ts';

const KERNELS: readonly MatmulKernel[] = ['naive', 'register', 'tile', 'subgroup', 'subgroup4'];

/** @param sizes edge lengths; naive is left out above 1024, where it takes seconds a product */
export async function matmulSuite(gpu: Gpu, sizes: readonly number[] = [256, 512, 1024]): Promise<Result[]> {
  const results: Result[] = [];
  for (const n of sizes) {
    const shape = [1, n, n];
    const a = normal(gpu, shape, { seed: 1 });
    const b = normal(gpu, shape, { seed: 2 });
    const plain = { m: n, n, k: n, groups: 1, aTransposed: false, bTransposed: false };
    const product = (force?: MatmulKernel) =>
      runMatmul({
        a,
        b,
        ta: false,
        tb: false,
        ga: 1,
        gb: 1,
        gc: 1,
        groups: 1,
        m: n,
        n,
        k: n,
        epilogue: { kind: 'none' },
        shape,
        force,
      });
    const subjects = [
      ...KERNELS.filter((k) => (n <= 1024 || k !== 'naive') && eligible(k, plain, gpu.adapter)),
      undefined,
    ].map((force) => ({
      name: force ?? 'chosen',
      run: async (times: number) => {
        for (let i = 0; i < times; i++) product(force).dispose();
        await settle(gpu, `matmul ${n} ${force}`, times);
      },
    }));
    await validate(
      gpu,
      a,
      b,
      product,
      subjects.map((s) => s.name),
    );
    const times = await alternate(subjects, { rounds: n > 512 ? 5 : 7 });
    const gflops = (ms: number) => (2 * n ** 3) / ms / 1e6;
    subjects.forEach(({ name }, i) => {
      const ms = median(times[i]);
      results.push({
        suite: 'matmul',
        case: `${n}x${n}x${n}`,
        impl: name,
        median_ms: ms,
        best_ms: Math.min(...times[i]),
        gflops: gflops(ms),
      });
    });
    a.dispose();
    b.dispose();
  }
  return results;
}

async function validate(
  gpu: Gpu,
  a: ReturnType<typeof normal>,
  b: typeof a,
  product: (force?: MatmulKernel) => typeof a,
  names: readonly string[],
) {
  const n = a.shape[1];
  const [x, y] = [await a.read(), await b.read()];
  for (const name of names) {
    const out = product(name === 'chosen' ? undefined : (name as MatmulKernel));
    const z = await out.read();
    out.dispose();
    for (let t = 0; t < 32; t++) {
      const [i, j] = [(t * 7919) % n, (t * 104729) % n];
      let sum = 0;
      for (let l = 0; l < n; l++) sum += x[i * n + l] * y[l * n + j];
      if (!(Math.abs(z[i * n + j] - sum) <= 1e-4 * n))
        throw new Error(`matmul ${name} ${n}: [${i}, ${j}] is ${z[i * n + j]}, not ${sum}`);
    }
  }
  gpu.check();
}
