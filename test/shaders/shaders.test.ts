/** Every shader file: its header, its bindings, and that all its variants compile on this device. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { Shader, Variant } from '../../src/wgsl/shader.ts';
import { root, sources } from '../house/sources.ts';

const gpu = await open();
test.after(() => gpu.close());

// From the build itself, as it lies there: a bundle would move the paths it reads.
const build = pathToFileURL(join(root, 'src/build/shaders.mjs')).href;
const { reflect, shaderNames } = (await import(build)) as {
  reflect: (name: string) => Shader & { parts: readonly { code: string }[] };
  shaderNames: () => string[];
};
const shaders = shaderNames().map((name): Shader => {
  const shader = reflect(name);
  return { ...shader, code: shader.parts.map(({ code }) => code).join('\n') };
});
const files = sources('shaders', ['.wgsl']);

/** The comment that opens a file. */
const headerOf = (text: string) => text.slice(0, text.search(/^(?!\/\/)/m));

test('there are shaders, and each is found under its name', () => {
  assert.ok(shaders.length >= 12);
  assert.ok(files.some(({ path }) => path === 'shaders/lib/maths.wgsl'));
});

for (const { path, text } of files) {
  const header = headerOf(text);
  const library = path.startsWith('shaders/lib/');

  test(`${path}: opens with what it computes${library ? '' : ', on which shapes and on which grid'}`, () => {
    assert.ok(header.startsWith('// '), 'no comment on the first line');
    if (library) return;
    assert.match(header, /=/);
    assert.match(header, /Grid: /);
    // The products state their shapes in the formula.
    const product = path.startsWith('shaders/matmul_');
    assert.match(header, product ? /y\[g, [il], j\]/ : /Shapes: /);
    if (product && !path.endsWith('naive.wgsl')) assert.match(header, /Plain composition: /);
  });

  test(`${path}: short lines, one thing, no tabs`, () => {
    const lines = text.split('\n');
    assert.ok(lines.length <= 120, `${lines.length} lines`);
    assert.equal(
      lines.filter((line) => line.length > 120 || /\t|\s$/.test(line)),
      [],
    );
  });
}

for (const shader of shaders) {
  test(`${shader.name}: bindings and constants that any adapter takes`, () => {
    const { bindings, spec } = shader;
    assert.ok(bindings.length >= 1 && bindings.length <= 8);
    assert.equal(
      bindings.map((b) => b.binding),
      bindings.map((_, i) => i + 1),
    );
    assert.ok(bindings.some((b) => b.access === 'read_write'));
    assert.ok(!/\batomic/.test(shader.code), 'atomics of floats are not in any order');
    for (const [name, values] of Object.entries(spec)) {
      const written = new RegExp(`\\bconst ${name} ?= ?(\\d+)`).exec(shader.code);
      assert.ok(values.includes(Number(written?.[1])), `${name}: the value in the file is not among its marked ones`);
      assert.ok(values.every(Number.isInteger));
    }
  });

  test(`${shader.name}: every marked value and every switch compiles`, async () => {
    if (/^enable subgroups/m.test(shader.code) && !gpu.adapter.subgroups) return;
    const variants: Variant[] = [{}];
    for (const [name, values] of Object.entries(shader.spec)) {
      for (const value of values) variants.push({ constants: { [name]: value } });
    }
    for (const name of shader.overrides) {
      if (new RegExp(`override ${name} ?: ?bool`).test(shader.code)) variants.push({ overrides: { [name]: 1 } });
    }
    for (const variant of variants) gpu.kernels.get(shader, variant);
    await gpu.kernels.compiled;
    gpu.check();
  });
}

test.run();
