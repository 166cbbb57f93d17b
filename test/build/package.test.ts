/** What `npm run build` makes is a package that somebody else can use: types, both module resolutions, tree shaking. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, root } from '../house/sources.ts';
import { bundled, installPackage } from '../support/package.ts';

const installed = await installPackage('package');
const { project, dir, sizes } = installed;
test.after(() => installed.remove());

const note = (line: string) => console.error(`# ${line}`);
const zipped = (text: string) => gzipSync(text, { level: 9 }).length;

test('a build over its budget fails, says by how much, and writes nothing', () => {
  const out = `.build/package-${process.pid}/over`;
  const args = [join(root, 'src', 'build', 'build.mjs'), '--out', out, '--budget', '30000'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.is(status, 1);
  const over = Number(/(\d+) bytes over the budget of 30\.0 KB/.exec(stderr)?.[1]);
  assert.is(over, sizes['veilgan.min.js'] - 30_000, stderr);
  assert.not.ok(existsSync(join(root, out)));
});

test('the engine keeps its budget', () => {
  for (const [file, size] of Object.entries(sizes)) note(`${file}: ${(size / 1000).toFixed(1)} KB compressed`);
  assert.ok(sizes['veilgan.min.js'] <= 40_000);
  assert.is(zipped(readFileSync(join(dir, 'dist', 'veilgan.min.js'), 'utf8')), sizes['veilgan.min.js']);
});

test('all that package.json points at is packed, and no sources are', () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = spawnSync(npm, args, { cwd: dir, encoding: 'utf8', shell: process.platform === 'win32' });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = new Set(files.map(({ path }) => path));
  const { exports, bin } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
    bin: Record<string, string>;
  };
  const targets = [...Object.values(exports).flatMap((to) => (typeof to === 'string' ? to : Object.values(to)))];
  for (const target of [...targets, ...Object.values(bin)].filter((path) => !path.includes('*'))) {
    assert.ok(packed.has(posix.normalize(target)), `${target} is not packed`);
  }
  for (const file of Object.keys(sizes)) assert.ok(packed.has(`dist/${file}`));
  assert.equal(
    [...packed].filter((path) => path.startsWith('src/') && !path.startsWith('src/examples/')),
    [],
  );
});

test('what a page imports needs nothing of Node', () => {
  const seen = new Set<string>();
  const outside = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const name of importsOf(readFileSync(join(dir, path), 'utf8'))) {
      if (name.startsWith('.')) visit(posix.join(posix.dirname(path), name));
      else outside.add(name);
    }
  };
  visit('dist/lib/api/index.js');
  visit('dist/lib/api/nn.js');
  assert.equal([...outside], []);
  assert.ok(seen.has('dist/lib/shaders.js') && seen.has('dist/lib/ops/install.js'));
  for (const entry of ['privacy', 'attack', 'gan']) visit(`dist/lib/api/${entry}.js`);
  const pure = ['@noble/hashes', 'csv-parse', 'zod'];
  const alien = [...outside].filter((name) => !pure.some((known) => name === known || name.startsWith(`${known}/`)));
  assert.equal(alien, []);
});

test('a bundler leaves out what is not used, and keeps the methods on tensors', async () => {
  const whole = zipped(await bundled(installed, { text: "export * from 'veilgan';" }));
  const text = await bundled(installed, { text: "export { matmul, open, tensor } from 'veilgan';" });
  note(
    `bundled: all of veilgan ${(whole / 1000).toFixed(1)} KB, tensor and matmul ${(zipped(text) / 1000).toFixed(1)} KB`,
  );
  assert.ok(zipped(text) < 0.65 * whole);
  assert.match(text, /fn sigmoid_/);
  assert.not.match(text, /conv_tile|pool_max|norm_back/);
});

test('the accountants come without the engine, in 20 KB', async () => {
  const names = 'epsilonOf, gaussianSigma, noiseMultiplier, parallel, pldEpsilon, rdpEpsilon, stepsWithin';
  const text = await bundled(installed, { text: `export { ${names} } from 'veilgan/privacy';` });
  note(`bundled: the accountants ${(zipped(text) / 1000).toFixed(1)} KB`);
  assert.ok(zipped(text) <= 20_000);
  assert.not.match(text, /@compute|fn main|requestDevice/);
  // What a private step needs of the engine comes with the step.
  assert.match(await bundled(installed, { text: "export { clippedSum } from 'veilgan/privacy';" }), /@compute/);
});

const CONSUMER = `import { grad, normal, open, type Tensor, tensor, VeilganError } from 'veilgan/node';
import { makeConfig } from 'veilgan/gan';
const gpu = await open();
const x: Tensor = tensor(gpu, [[1, 2], [3, 4]]);
console.log(Array.from(await grad((w: Tensor) => x.matmul(w).square().sum())(x).read()).join(' '));
gpu.close();
export const rate: number = makeConfig('blobs-js', {}).rate;
// @ts-expect-error tensors have no such method
export const nothing = () => x.nothing();
// @ts-expect-error a seed is a number
export const wrong = () => normal(gpu, [1], { seed: 'one' });
export const code: 'DEVICE_LOST' | string = new VeilganError('DEVICE_LOST', '').code;
`;

const ENTRIES = `import { type AttackResult, attackResult } from 'veilgan/attack';
import { adam, flat, type Gpu, grad, mlp, type Parameters } from 'veilgan/nn';
import { epsilonOf, type Spent } from 'veilgan/privacy';
export function step(gpu: Gpu): void {
  const model = flat(gpu, mlp([2, 4, 1]).shapes(1));
  adam(model, { rate: 0.1 }).update(grad((p: Parameters) => p['0.weight'].sum())(model.parts));
  // @ts-expect-error Adam has no momentum
  adam(model, { rate: 0.1, momentum: 1 });
}
export const spent: Spent = epsilonOf([{ q: 0.01, sigma: 1, steps: 100 }], 1e-5);
export const result: AttackResult = attackResult('scores', [2, 3], [0, 1]);
`;

/** Compiles files of the project as a strict program of its own; gives what the compiler says. */
function compiled(files: readonly string[], options: object): string {
  const strict = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2022',
    allowImportingTsExtensions: true,
  };
  const config = { compilerOptions: { ...strict, types: [], ...options }, files };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(createRequire(join(root, 'package.json')).resolve('typescript/package.json'), '..', 'bin', 'tsc');
  return spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { encoding: 'utf8' }).stdout;
}

test('types hold in strict programs, as bundlers and as Node resolve them', () => {
  writeFileSync(join(project, 'consumer.ts'), CONSUMER);
  writeFileSync(join(project, 'entries.ts'), ENTRIES);
  const pages = ['entries.ts', 'bundler.ts', 'own-device.ts', 'training.ts', 'training-worker.ts'];
  const dom = ['ES2023', 'DOM', 'DOM.Iterable'];
  const bundler = { module: 'ESNext', moduleResolution: 'bundler' };
  assert.is(compiled(['consumer.ts', ...pages], { ...bundler, lib: dom }), '');
  const node = { module: 'nodenext', moduleResolution: 'nodenext' };
  for (const options of [node, { module: 'node16', moduleResolution: 'node16' }])
    assert.is(compiled(['consumer.ts', ...pages], { ...options, lib: dom }), '');
  // A program for Node alone has no WebGPU types.
  assert.is(compiled(['consumer.ts'], { ...node, lib: ['ES2023'], types: ['node'] }), '');
});

test('a program of five lines runs in Node', () => {
  const script = CONSUMER.split('\n')
    .slice(0, 6)
    .join('\n')
    .replaceAll(/: Tensor|type Tensor, /g, '');
  writeFileSync(join(project, 'consumer.mjs'), script);
  const { stdout, stderr } = spawnSync(process.execPath, ['consumer.mjs'], { cwd: project, encoding: 'utf8' });
  assert.is(stdout.trim(), '104 152 148 216', stderr);
});

const PRIVATE = `import { blobs, epsilonOf, MemoryLedgerFile, parsePrivate, privateRun, train, withPreset } from 'veilgan/gan';
import { open } from 'veilgan/node';
const gpu = await open();
const small = { rows: 1000, batch: 16, partitions: 2, criticSteps: 1, generatorHidden: [16], criticHidden: [16] };
const run = privateRun(gpu, parsePrivate(withPreset('blobs-js', { ...small, epsilon: 2, noiseMultiplier: 2 })), blobs(), 1);
const { limit, ledger, close } = run.begin(new MemoryLedgerFile('ledger'));
await run.gan.prepare(false);
await train(run.gan, { steps: Math.min(30, run.gan.stepsWithin(limit)) });
const { pld } = epsilonOf(ledger.totals(), 1e-5);
console.log(JSON.stringify({ limit, step: run.gan.step, pld, rows: (await run.gan.sample(5)).length / 2 }));
close();
gpu.close();
`;

test('a private system trains through the package and keeps its budget', () => {
  writeFileSync(join(project, 'private.mjs'), PRIVATE);
  const { stdout, stderr } = spawnSync(process.execPath, ['private.mjs'], { cwd: project, encoding: 'utf8' });
  assert.match(stdout, /^\{/, stderr);
  const { limit, step, pld, rows } = JSON.parse(stdout) as Record<string, number>;
  assert.is(step, Math.min(30, limit));
  assert.ok(pld > 0 && pld <= 2);
  assert.is(rows, 5);
});

test.run();
