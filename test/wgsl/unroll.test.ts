/** Loops marked `//@unroll` are written out, and nothing else changes. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import registerShader from '#shaders/matmul_register.wgsl';
import { specialise } from '../../src/wgsl/shader.ts';
import { unroll } from '../../src/wgsl/unroll.ts';

/** Spaces and line ends do not matter to WGSL. */
const bare = (code: string) => code.replace(/\s+/g, '');

test('a loop becomes a block for each value, with its own scope', () => {
  const code = `const TM = 3u; //@spec 1 3
for (var i = 0u; i < TM; i++) { //@unroll
let x = a[i];
if (x > 0.0) { s[i] += x; }
}
done();`;
  const blocks = [0, 1, 2].map((i) => `{ let x = a[${i}u]; if (x > 0.0) { s[${i}u] += x; } }`).join('');
  assert.is(bare(unroll(code)), bare(`const TM = 3u; //@spec 1 3\n${blocks} done();`));
});

test('one-line and nested loops; only the variable itself is replaced', () => {
  const code = `const TM = 2u;
const TN = 1u;
for (var i = 0u; i < TM; i++) { //@unroll
for (var j = 0u; j < TN; j++) { s[i * TN + j] = p.i + ii + i_at[i] + b.j; } //@unroll
}`;
  const block = (i: number) => `{ { s[${i}u * TN + 0u] = p.i + ii + i_at[${i}u] + b.j; } }`;
  assert.is(bare(unroll(code)), bare(`const TM = 2u; const TN = 1u; ${block(0)}${block(1)}`));
});

test('a bound may be a product of constants', () => {
  const code = 'const TM = 2u;\nconst TN = 3u;\nfor (var i = 0u; i < TM * TN; i++) { s[i] = 0.0; } //@unroll';
  const written = [0, 1, 2, 3, 4, 5].map((i) => `{ s[${i}u] = 0.0; }`).join('');
  assert.is(bare(unroll(code)), bare(`const TM = 2u; const TN = 3u; ${written}`));
  assert.is(bare(unroll(code.replace('TM * TN', 'TM*TN'))), bare(`const TM = 2u; const TN = 3u; ${written}`));
});

test('text without marks stays as it is', () => {
  const code = 'const TM = 2u;\nfor (var i = 0u; i < TM; i++) { s += a[i]; }';
  assert.is(unroll(code), code);
});

test('a bound that is no constant, and a brace that is missing, are errors', () => {
  assert.throws(
    () => unroll('for (var i = 0u; i < n; i++) { s += a[i]; } //@unroll'),
    /ends at n, which is no constant/,
  );
  assert.throws(
    () => unroll('const N = 2u;\nfor (var i = 0u; i < N; i++) { //@unroll\ns += a[i];'),
    /no closing brace/,
  );
});

test('the register tile is unrolled to the size that is asked for', () => {
  for (const TM of [4, 8, 16]) {
    for (const TN of [2, 4, 8]) {
      const code = specialise(registerShader, { constants: { TM, TN } });
      assert.not.match(code, '//@unroll');
      assert.is(code.match(/= ?fma\(/g)?.length, TM * TN);
    }
  }
});

test.run();
