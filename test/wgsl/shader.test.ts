import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AnyShader, packParams, specialise, variantKey } from '../../src/wgsl/shader.ts';

const shader: AnyShader = {
  name: 'example',
  code: [
    'const T = 4u; //@spec 2 4 8',
    'const S = 1.5f; //@spec 1 2',
    'fn f(a: f32) -> f32 { return a; } //@body',
  ].join('\n'),
  bindings: [],
  params: [
    { name: 'n', type: 'u32', offset: 0, count: 1 },
    { name: 'slope', type: 'f32', offset: 4, count: 1 },
    { name: 'slot', type: 'i32', offset: 8, count: 1 },
    { name: 'dims', type: 'u32', offset: 16, count: 4 },
  ],
  paramsSize: 32,
  step: false,
  overrides: [],
  spec: { T: [2, 4, 8], S: [1, 2] },
};

test('constants are replaced where they are marked, and keep their type', () => {
  const code = specialise(shader, { constants: { T: 8, S: 2 } });
  assert.match(code, /^const T = 8u;/m);
  assert.match(code, /^const S = 2f;/m);
  assert.is(specialise(shader, {}), shader.code);
});

test('values and names that are not marked are refused', () => {
  assert.throws(() => specialise(shader, { constants: { T: 3 } }), /example\.wgsl: T = 3 is not one of 2,4,8/);
  assert.throws(() => specialise(shader, { constants: { U: 2 } }), /not marked/);
});

test('the body is replaced as it stands, dollar signs included', () => {
  const code = specialise(shader, { body: 'fn f(a: f32) -> f32 { return $& + $1; }' });
  assert.match(code, /return \$& \+ \$1;/);
  assert.not.match(code, /@body/);
  assert.throws(() => specialise({ ...shader, code: 'const T = 4u;' }, { body: 'x' }), /no line marked/);
});

test('keys tell variants apart', () => {
  const keys = [{}, { constants: { T: 2 } }, { constants: { T: 4 } }, { overrides: { T: 2 } }, { body: 'x' }];
  assert.is(new Set(keys.map((v) => variantKey(shader, v))).size, keys.length);
  assert.is.not(variantKey(shader, {}), variantKey({ ...shader, name: 'other' }, {}));
});

test('parameters land at their offsets with their types', () => {
  const words = packParams(shader, { dims: [1, 2, 3, 4294967295], slope: -0.5, n: 7, slot: -1 });
  assert.equal([...words], [7, 0xbf000000, 4294967295, 0, 1, 2, 3, 4294967295]);
});

test('missing, unknown and wrongly long parameters are refused', () => {
  const good = { n: 1, slope: 0, slot: 0, dims: [1, 2, 3, 4] };
  assert.throws(() => packParams(shader, { ...good, dims: [1, 2] }), /dims needs 4/);
  assert.throws(() => packParams(shader, { ...good, n: [1, 2] }), /n needs 1/);
  assert.throws(() => packParams(shader, { slope: 0, slot: 0, dims: [1, 2, 3, 4] }), /parameter n/);
  assert.throws(() => packParams(shader, { ...good, extra: 1 }), /no parameter extra/);
});

test.run();
