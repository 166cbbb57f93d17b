/** Gradients against finite differences, in the way of HIPS/autograd's test_util.check_grads. */
import { VeilganError } from '../base/errors.ts';
import { PhiloxStream } from '../base/philox.ts';
import { mul } from '../ops/elementwise.ts';
import { concat, reshape } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { grad } from './grad.ts';

/** How strict a check is. */
export interface CheckOptions {
  /** 1 checks the gradient, 2 also the gradient of the gradient, and so on */
  order?: number;
  /** the step, in units of an input's root mean square */
  eps?: number;
  /** allowed error over the sum of the absolute terms of the directional derivative */
  tolerance?: number;
  seed?: number;
}

const ULP = 2 ** -23;
const rms = (x: Float32Array) => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length) || 1;

/**
 * Compares u . J v, by central differences along a random direction v of all inputs, with v . (J^T u) by the engine,
 * for a random cotangent u; then the same for the function (inputs, u) -> J^T u, down to `order`.
 *
 * The engine computes in f32, so the step is large (its rounding falls as 1 / eps) and Richardson's extrapolation
 * takes the eps^2 term away; what rounding remains is bounded and allowed. Keep kinks further than about 6 eps away.
 * @param fn from tensors of the inputs' shapes to one tensor of any shape
 * @returns the largest error over its allowance, at most 1
 * @throws VeilganError GRADIENT where an order disagrees or is not finite
 */
export async function checkGrad(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { order = 1, eps = 2 ** -6, tolerance = 1e-3, seed = 1 }: CheckOptions = {},
): Promise<number> {
  const { gpu } = inputs[0];
  const random = new PhiloxStream(seed, 'checkGrad');
  const draw = (n: number) => Float32Array.from({ length: n }, () => random.normal());
  const x: Float32Array[] = [];
  for (const t of inputs) x.push(await t.read());
  const v = x.map((values) => draw(values.length).map((d) => d * rms(values)));

  const at = async (step: number) => {
    const y = scope(() =>
      fn(
        ...x.map((xs, k) =>
          tensor(
            gpu,
            xs.map((a, i) => a + step * v[k][i]),
            inputs[k].shape,
          ),
        ),
      ),
    );
    const values = await y.read();
    y.dispose();
    return values;
  };
  const [far, near] = [eps, eps / 2];
  const [fp, fm, np, nm] = [await at(far), await at(-far), await at(near), await at(-near)];

  const u = draw(fp.length);
  let numeric = 0;
  let scale = 0;
  let rounding = 0;
  u.forEach((ui, i) => {
    const slope = ((4 * (np[i] - nm[i])) / near - (fp[i] - fm[i]) / far) / 6;
    numeric += ui * slope;
    scale += Math.abs(ui * slope);
    rounding += Math.abs(ui) * ULP * (Math.abs(np[i]) + Math.abs(nm[i]));
  });

  const { uTensor, pullback } = scope(() => {
    const shape = scope(() => fn(...inputs).shape);
    const uTensor = tensor(gpu, u, shape);
    return { uTensor, pullback: pull(fn, inputs, uTensor) };
  });
  const g = await pullback.read();
  pullback.dispose();
  const direction = v.flatMap((d) => [...d]);
  const exact = direction.reduce((s, d, i) => s + d * g[i], 0);

  const error = Math.abs(numeric - exact);
  const allowed = tolerance * scale + (4 * rounding) / near;
  // Written so that NaN fails.
  if (!(error <= allowed) || !Number.isFinite(allowed)) {
    throw new VeilganError('GRADIENT', `directional derivative ${exact}, by finite differences ${numeric}`, {
      where: `checkGrad, ${order} order(s) left, seed ${seed}`,
      fix: `Find the vjp that differs: the error ${error} is over ${allowed}`,
    });
  }
  let worst = allowed ? error / allowed : 0;
  if (order > 1) {
    const next = (...all: Tensor[]) => pull(fn, all.slice(0, -1), all[all.length - 1]);
    const options = { order: order - 1, eps, tolerance, seed: seed + 1 };
    worst = Math.max(worst, await checkGrad(next, [...inputs, uTensor], options));
  }
  uTensor.dispose();
  return worst;
}

/** J^T u of `fn` at `inputs`, flattened one after another. */
function pull(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], u: Tensor): Tensor {
  const parts = grad((p: readonly Tensor[]) => sum(mul(fn(...p), u)))(inputs);
  return concat(
    parts.map((t) => reshape(t, [-1])),
    0,
  );
}
