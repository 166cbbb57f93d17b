/** Values and gradients of every operation on its sample inputs, as numbers that can leave a page. */
import { grad } from '../../src/autograd/grad.ts';
import { hash32 } from '../../src/base/philox.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { Values } from '../support/values.ts';
import type { Case } from './suite-case.ts';
import { cases } from './suite-cases.ts';

export interface Numbers {
  readonly adapter: string;
  /** `group: operation case, what` -> its elements */
  readonly results: Readonly<Record<string, number[]>>;
  readonly seconds: number;
}

declare global {
  interface Window {
    numbers?: Numbers;
  }
}

const list = (y: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(y) ? y : [y as Tensor]);

/** The values of a case, and where it has them the gradients of the sum of its values times random weights. */
async function compute(
  gpu: Gpu,
  name: string,
  { shapes, fn, constant, range }: Case,
): Promise<Record<string, number[]>> {
  const random = new Values(hash32(name));
  const draw = (shape: readonly number[]) => (range ? random.uniform(shape, ...range) : random.normal(shape));
  const inputs = shapes.map((shape) => tensor(gpu, draw(shape), shape));
  const outputs = list(scope(() => fn(...inputs)));
  const found: Record<string, number[]> = {};
  for (const [i, y] of outputs.entries()) found[`${name}, value ${i}`] = Array.from(await y.read());
  if (!constant) {
    const weights = outputs.map((y) => tensor(gpu, random.normal(y.shape), y.shape));
    const loss = (x: readonly Tensor[]) =>
      list(fn(...x))
        .map((y, i) => y.mul(weights[i]).sum())
        .reduce((a, b) => a.add(b));
    for (const [i, g] of grad(loss)(inputs).entries()) {
      found[`${name}, gradient ${i}`] = Array.from(await g.read());
      g.dispose();
    }
    for (const w of weights) w.dispose();
  }
  for (const t of [...inputs, ...outputs]) t.dispose();
  return found;
}

/** All cases, on one device. */
export async function runNumbers(open: () => Promise<Gpu>): Promise<Numbers> {
  const started = performance.now();
  const gpu = await open();
  const results: Record<string, number[]> = {};
  for (const [group, operations] of Object.entries(cases)) {
    for (const [operation, all] of Object.entries(operations)) {
      for (const [i, one] of all.entries())
        Object.assign(results, await compute(gpu, `${group}: ${operation} ${i}`, one));
    }
  }
  const adapter = gpu.adapter.name;
  gpu.close();
  return { adapter, results, seconds: (performance.now() - started) / 1000 };
}
