import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EPILOGUE, type MatmulParams, mergeGroups, packedParams } from '../../src/ops/matmul-params.ts';
import type { MatmulKernel, MatmulShape } from '../../src/ops/matmul-plan.ts';
import { eligible, planMatmul } from '../../src/ops/matmul-plan.ts';
import { adapters, lavapipe, least, nvidia, swiftshader } from '../support/adapters.ts';
import { declared } from './declared.ts';

const kernels: MatmulKernel[] = ['naive', 'register', 'tile', 'subgroup', 'subgroup4', 'wide', 'tall', 'dot'];

const shape = (m: number, n: number, k: number, rest: Partial<MatmulShape> = {}): MatmulShape => ({
  m,
  n,
  k,
  groups: 1,
  aTransposed: false,
  bTransposed: false,
  ...rest,
});
/** Rows and columns that one workgroup writes, from the kernels' headers. */
function tile(kernel: MatmulKernel, v: Record<string, number>): [number, number] {
  switch (kernel) {
    case 'naive':
      return [v.WG_Y, v.WG_X];
    case 'register':
      return [v.WG_Y * v.TM, v.WG_X * v.TN];
    case 'tile':
      return [v.TM * v.TY, v.TN * v.TX];
    case 'subgroup':
      return [8 * v.TM * v.SUBGROUPS, 8 * v.TN];
    case 'subgroup4':
      return [8 * v.TM * v.SUBGROUPS, 32 * v.TN];
    case 'wide':
      return [v.R, 4 * v.T * v.WG];
    case 'tall':
      return [4 * v.T * v.WG, v.C];
    case 'dot':
      return [v.T * v.WG, v.C];
  }
}
const dims = [1, 2, 3, 4, 5, 8, 16, 17, 31, 32, 33, 64, 65, 100, 256, 320, 784, 1000, 1024, 4096];
function* shapes(): Generator<MatmulShape> {
  for (const m of dims)
    for (const n of dims)
      for (const k of [1, 2, 7, 64, 256, 1024]) {
        for (const groups of [1, 10])
          for (const t of [0, 1, 2, 3]) {
            yield shape(m, n, k, { groups, aTransposed: (t & 1) > 0, bTransposed: (t & 2) > 0 });
          }
      }
}

test('every output is written, and no workgroup has nothing to do', () => {
  for (const traits of adapters)
    for (const s of shapes()) {
      const p = planMatmul(s, traits);
      const [rows, columns] = tile(p.kernel, { ...p.constants, ...p.overrides });
      const [x, y] = p.kernel === 'tall' || p.kernel === 'dot' ? [p.grid[1], p.grid[0]] : p.grid;
      const why = `${p.kernel} ${JSON.stringify(s)}`;
      assert.ok(y * rows >= s.m && (y - 1) * rows < s.m, `rows: ${why}`);
      assert.ok(x * columns >= s.n && (x - 1) * columns < s.n, `columns: ${why}`);
      assert.is(p.grid[2], s.groups);
      assert.ok(eligible(p.kernel, s, traits), why);
    }
});

test('constants and overrides are those the shader file declares, with the values it allows', () => {
  for (const traits of adapters)
    for (const kernel of kernels)
      for (const s of shapes()) {
        if (!eligible(kernel, s, traits)) continue;
        const p = planMatmul(s, traits, kernel);
        for (const [file, d] of [
          [kernel, p],
          ['pack', p.pack],
        ] as const) {
          if (!d) continue;
          const allowed = declared(`matmul_${file}`);
          for (const [name, value] of Object.entries(d.constants)) {
            assert.ok(allowed.spec[name]?.includes(value), `matmul_${file}: ${name} = ${value}`);
          }
          for (const name of Object.keys(d.overrides)) assert.ok(allowed.overrides.includes(name), `${file}: ${name}`);
        }
      }
});

test('the tile stays within invocations and workgroup storage', () => {
  for (const traits of [nvidia, least])
    for (const s of shapes()) {
      const p = planMatmul(s, traits, 'tile');
      const { TX, TY, TM, TN, BK } = p.constants;
      assert.ok(TX * TY <= traits.maxWorkgroupInvocations);
      assert.ok(4 * BK * (TX * TN + TY * TM + 2) <= traits.maxWorkgroupStorage);
    }
});

test('the shapes of the Blobs networks go where they were measured to be fast', () => {
  const kernel = (s: MatmulShape) => planMatmul(s, lavapipe).kernel;
  const T = { aTransposed: true };
  const bT = { bTransposed: true };
  assert.is(kernel(shape(640, 256, 256)), 'subgroup4');
  assert.is(kernel(shape(256, 320, 256, T)), 'subgroup4');
  assert.is(kernel(shape(64, 256, 2, { groups: 10 })), 'subgroup4');
  assert.is(kernel(shape(64, 1, 256, { groups: 10 })), 'dot');
  assert.is(kernel(shape(256, 1, 64, { groups: 10, ...T })), 'tall');
  assert.is(kernel(shape(2, 256, 64, { groups: 10, ...T })), 'wide');
  assert.is(kernel(shape(64, 2, 256, { groups: 10, ...bT })), 'dot');
  assert.is(kernel(shape(256, 2, 320, T)), 'tall');
  assert.is(kernel(shape(65, 33, 7)), 'subgroup');
  assert.is(planMatmul(shape(640, 256, 256), swiftshader).kernel, 'register');
  assert.is(planMatmul(shape(640, 256, 256), nvidia).kernel, 'tile');
});

test('a transposed b is packed where the rows pay for it', () => {
  assert.is(planMatmul(shape(320, 256, 256, { bTransposed: true }), lavapipe).pack?.elements, 256 * 256);
  assert.is(planMatmul(shape(32, 256, 256, { bTransposed: true }), lavapipe).pack, undefined);
  assert.is(planMatmul(shape(320, 256, 256), lavapipe).pack, undefined);
  const shared = planMatmul(shape(32, 256, 256, { bTransposed: true, groups: 10, bBlocks: 1 }), lavapipe);
  assert.equal(shared.pack?.grid, [4, 8, 1]);
});

test('vector kernels are not chosen for strides they cannot read', () => {
  for (const s of [shape(2, 256, 64), shape(64, 1, 256), shape(64, 64, 64)]) {
    assert.is(planMatmul({ ...s, strided: true }, lavapipe).kernel, 'subgroup');
    assert.is(planMatmul({ ...s, strided: true }, swiftshader).kernel, 'register');
  }
});

test('refuses what it cannot run, saying which', () => {
  const code = (f: () => unknown) => {
    try {
      f();
    } catch (e) {
      return (e as { code: string }).code;
    }
    return 'nothing thrown';
  };
  assert.is(
    code(() => planMatmul(shape(0, 2, 2), lavapipe)),
    'SHAPE',
  );
  assert.is(
    code(() => planMatmul(shape(2, 2, 1.5), lavapipe)),
    'SHAPE',
  );
  assert.is(
    code(() => planMatmul(shape(2, 2, 2, { groups: 65536 }), lavapipe)),
    'OVER_LIMIT',
  );
  assert.is(
    code(() => planMatmul(shape(64, 64, 64), nvidia, 'subgroup4')),
    'VALIDATION',
  );
  assert.is(
    code(() => planMatmul(shape(64, 63, 64), lavapipe, 'subgroup4')),
    'VALIDATION',
  );
});

// A product as the kernels define it, in float64.
function product(p: MatmulParams, a: number[], b: number[]): number[] {
  const y: number[] = [];
  for (let g = 0; g < p.groups; g++)
    for (let i = 0; i < p.m; i++)
      for (let j = 0; j < p.n; j++) {
        const [ao, bo] = [Math.floor(g / p.a_div) * p.a_group, Math.floor(g / p.b_div) * p.b_group];
        let v = 0;
        for (let l = 0; l < p.k; l++) v += a[ao + i * p.a_row + l * p.a_col] * b[bo + l * p.b_row + j * p.b_col];
        y.push(v);
      }
  return y;
}
const numbers = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 23) - 11);
const params = (rest: Partial<MatmulParams> = {}): MatmulParams =>
  ({
    m: 3,
    n: 4,
    k: 5,
    groups: 6,
    a_row: 5,
    a_col: 1,
    b_row: 4,
    b_col: 1,
    a_group: 15,
    b_group: 20,
    a_div: 1,
    b_div: 1,
    c_div: 1,
    epilogue: EPILOGUE.NONE,
    slope: 0.2,
    ...rest,
  }) as MatmulParams;

test('packed parameters give the same product', () => {
  const p = params({ b_row: 1, b_col: 5, b_div: 3 });
  const a = numbers(6 * 15);
  const b = numbers(2 * 20);
  const { pack, product: q } = packedParams(p);
  const packed: number[] = [];
  for (let g = 0; g < pack.groups; g++)
    for (let l = 0; l < pack.k; l++)
      for (let j = 0; j < pack.n; j++) {
        packed.push(b[g * pack.b_group + l * pack.b_row + j * pack.b_col]);
      }
  assert.is(packed.length, 2 * 20);
  assert.equal(product(q, a, packed), product(p, a, b));
});

test('merged groups give the same product, and only where b and bias are shared', () => {
  const a = numbers(6 * 15);
  const b = numbers(6 * 20);
  const merged = mergeGroups(params({ b_div: 6, c_div: 6, epilogue: EPILOGUE.BIAS }));
  assert.is(merged.m, 18);
  assert.is(merged.groups, 1);
  assert.equal(product(merged, a, b), product(params({ b_div: 6 }), a, b));
  for (const p of [
    params(),
    params({ b_div: 3 }),
    params({ b_div: 6, c_div: 3, epilogue: EPILOGUE.BIAS | EPILOGUE.LEAKY }),
    params({ b_div: 6, a_div: 2 }),
    params({ b_div: 6, a_row: 1, a_col: 3 }),
    params({ groups: 1 }),
  ])
    assert.is(mergeGroups(p), p);
  assert.is(mergeGroups(params({ b_div: 6, epilogue: EPILOGUE.MASK })).m, 18); // the mask has y's layout
});

test.run();
