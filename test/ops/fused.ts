/** Whether a fused operation and its definition agree. */
import { grad } from '../../src/autograd/grad.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, poison, Values } from '../support/values.ts';

/**
 * Asserts that `fn` computes the same with kernels and with composites only: its value, the gradient of every input,
 * and the gradient of the squared gradient.
 */
export async function agree(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { relative = 1e-4, what = '' } = {},
): Promise<void> {
  const { gpu } = inputs[0];
  const shape = scope(() => fn(...inputs).shape);
  const u = new Values(77).normal(shape);
  const gradient = (x: readonly Tensor[]) =>
    grad((p: readonly Tensor[]) =>
      fn(...p)
        .mul(tensor(gpu, u, shape))
        .sum(),
    )(x);
  const second = (x: readonly Tensor[]) =>
    grad((p: readonly Tensor[]) =>
      gradient(p)
        .map((g) => g.square().sum())
        .reduce((a, b) => a.add(b)),
    )(x);
  const runs: [string, () => readonly Tensor[]][] = [
    ['value', () => [fn(...inputs)]],
    ['gradient', () => gradient(inputs)],
    ['second gradient', () => second(inputs)],
  ];
  for (const [name, run] of runs) {
    poison(gpu);
    const expected = compositesOnly(() => scope(run));
    poison(gpu);
    const actual = scope(run);
    for (let i = 0; i < expected.length; i++) {
      const e = await expected[i].read();
      const size = Math.sqrt(e.reduce((s, v) => s + (v * v) / e.length, 0));
      near(await actual[i].read(), e, { relative, absolute: relative * size, what: `${what} ${name} ${i}` });
      expected[i].dispose();
      actual[i].dispose();
    }
  }
}
