/** The frame of the verbs: flags from declarations, one outcome, jobs closed in one way, errors in the words of flags. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';
import { VeilganError } from '../../src/base/errors.ts';
import { flag, number, seed, whole } from '../../src/cli/flags.ts';
import { lend } from '../../src/cli/job.ts';
import { commandOf, inFlags, type Outcome, verb } from '../../src/cli/verb.ts';
import type { DirectoryJob } from '../../src/run/session.ts';
import { importsOf, root, sources } from '../house/sources.ts';

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

const flags = {
  out: z.string().describe('<file> where to'),
  n: whole(1, 9).optional().describe('<n> how many'),
  seed,
  q: number().default(0.5).describe('<p> a share'),
  kinds: z
    .array(z.enum(['a', 'b']))
    .optional()
    .describe('<names> which'),
  phase: z
    .array(z.tuple([number(), number()], 'It must be q,steps.'))
    .default([])
    .describe('<q,steps> one more'),
  fast: flag('no care'),
};
const config = {
  criticSteps: z.int().min(1).default(2).describe('n_D'),
  hidden: z.array(z.int()).default([8]).describe('sizes'),
};

type Taken = { given: Record<string, unknown>; fields: Record<string, unknown> };

/** What a verb is given of a command line, and what the process would show. */
async function run(line: string, act: (taken: Taken) => Partial<Outcome> = () => ({})) {
  let taken: Taken | undefined;
  const one = verb({
    about: 'Does it.',
    args: { run: z.string(), more: z.array(z.enum(['x', 'y'])).default([]) },
    flags,
    config,
    run: (given, { fields }) => {
      taken = { given, fields: { ...fields } };
      return { document: { ok: true }, text: 'done', ...act(taken) };
    },
  });
  const write = process.stdout.write;
  const said: string[] = [];
  let error: unknown;
  const command = commandOf('one', one)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  process.stdout.write = ((text: string) => said.push(text) > 0) as typeof write;
  try {
    await command.parseAsync(line.split(' '), { from: 'user' });
  } catch (caught) {
    error = caught;
  } finally {
    process.stdout.write = write;
  }
  const code = process.exitCode;
  process.exitCode = undefined;
  return { taken, said: said.join(''), code, error: error as Error | undefined, help: command.helpInformation() };
}

test('flags are what their declarations say: numbers and quotients, lists, repeated ones, defaults', async () => {
  const line =
    'dir x y --out f --n 3 --q 1/8 --kinds a,b --phase 1/2,3 --phase 0.1,4 --fast --critic-steps 5 --hidden 4,2';
  const { taken, said, code } = await run(line);
  assert.equal(taken?.given, {
    ...{ run: 'dir', more: ['x', 'y'], out: 'f', n: 3, seed: 1, q: 0.125, kinds: ['a', 'b'], fast: true },
    phase: [
      [0.5, 3],
      [0.1, 4],
    ],
    ...{ criticSteps: 5, hidden: [4, 2] },
  });
  assert.equal(taken?.fields, { criticSteps: 5, hidden: [4, 2] });
  assert.equal([said, code], ['done\n', 0]);
  const bare = await run('dir --out f');
  assert.equal(bare.taken, { given: { run: 'dir', more: [], out: 'f', seed: 1, q: 0.5, phase: [] }, fields: {} });
});

test('what does not fit is refused by what the declaration says', async () => {
  const wrong: [string, RegExp][] = [
    ['dir', /required option '--out <file>'/],
    ['--out f', /missing required argument 'run'/],
    ['dir --out f --n 10', /'--n <n>' argument '10' is invalid\. It must be a whole number from 1 to 9\./],
    ['dir --out f --n 1.5', /whole number/],
    ['dir --out f --n', /argument missing/],
    ['dir --out f --q 1/0', /It must be a number, or a quotient/],
    ['dir --out f --q 1/2/3', /It must be a number, or a quotient/],
    ['dir --out f --kinds a,c', /There is no c\. There are a, b\./],
    ['dir z --out f', /Allowed choices are x, y/],
    ['dir --out f --phase 1', /It must be q,steps\./],
    ['dir --out f --hidden 4,q', /It must be a number\./],
  ];
  for (const [line, says] of wrong) {
    const { error, taken } = await run(line);
    assert.match(String(error?.message), says, line);
    assert.is(taken, undefined);
  }
  // The range of a config's field is for the config to judge.
  assert.equal((await run('dir --out f --critic-steps 0')).taken?.fields, { criticSteps: 0 });
});

test('help: names of values, descriptions, defaults and choices', async () => {
  const { help } = await run('dir --out f');
  for (const line of [
    /one \[options\] <run> \[more\.\.\.\]/,
    /--out <file> +where to/,
    /--seed <n> +of everything random \(default: 1\)/,
    /--critic-steps <value> +n_D \(default 2\)/,
    /--json/,
  ])
    assert.match(help, line);
  assert.not.match(help, /--adapter/);
});

test('--json prints the document, else the text; the exit code is that of the outcome', async () => {
  const json = await run('dir --out f --json', () => ({ code: 130 }));
  assert.equal([JSON.parse(json.said), json.code], [{ ok: true }, 130]);
  assert.is((await run('dir --out f', () => ({ text: 'a\nb\n' }))).said, 'a\nb\n');
});

test('an error that speaks of fields speaks of flags; other words stay', async () => {
  const text = z.string();
  const known = {
    args: { run: text },
    flags: { n: text },
    config: { criticNorm: text, clipNorm: text, population: text },
  };
  const of = (where: string, message: string, fix: string) => {
    const {
      where: place,
      message: text,
      fix: cure,
    } = inFlags(new VeilganError('CONFIG', message, { where, fix }), known);
    return [place, text, cure];
  };
  assert.equal(of('clipNorm', 'no `clipNorm`', 'Use `criticNorm: none`, or give `population`'), [
    '--clip-norm',
    'no --clip-norm',
    'Use --critic-norm none, or give --population',
  ]);
  assert.equal(of('run.json', 'a `network` of `n: 3`', 'See `data list`, or --clip-norm'), [
    'run.json',
    'a --network of --n 3',
    'See `data list`, or --clip-norm',
  ]);
  assert.equal(of('run', 'no `run`', ''), ['RUN', 'no RUN', '']);
  const fails = () => {
    throw new VeilganError('CONFIG', 'it is 0', { where: 'criticSteps', fix: 'Give `criticSteps: 1`, or `other`' });
  };
  const { error } = await run('dir --out f', fails);
  assert.is((error as VeilganError).line(), '--critic-steps: it is 0. Give --critic-steps 1, or --other.');
  assert.instance(error, VeilganError);
});

test('a job is closed whatever happens: keys wiped, ledger, files, memory', async () => {
  const closed: string[] = [];
  const note = (name: string) => () => void closed.push(name);
  const job = {
    guarantee: { close: note('guarantee') },
    run: { close: note('run') },
    gan: { dispose: note('gan') },
  } as unknown as DirectoryJob;
  assert.is(await lend(Promise.resolve(job), (lent) => (lent === job ? closed.length : -1)), 0);
  assert.equal(closed.splice(0), ['guarantee', 'run', 'gan']);
  const failed = lend(Promise.resolve(job), () => {
    throw new Error('inside');
  });
  assert.match(String(await failed.catch((error) => error)), /inside/);
  assert.equal(closed, ['guarantee', 'run', 'gan']);
});

test('verbs get jobs from where they are closed, and nowhere else', () => {
  const cli = sources('src/cli', ['.ts']);
  const opening = cli.filter(({ text }) => /\b(openTraining|startTraining|beginJob|openJob)\b/.test(text));
  assert.equal(
    opening.map(({ path }) => path),
    ['src/cli/job.ts'],
  );
  assert.ok(cli.filter(({ text }) => importsOf(text).includes('./job.ts')).length >= 6);
});

test('the list of verbs and the version load no verb: neither Dawn nor Vega nor schemas', async () => {
  const options = { splitting: true, metafile: true, write: false };
  const made = (await build.bundleForNode({ cli: 'src/cli/main.ts' }, '.build/frame', options)) as {
    metafile: {
      outputs: Record<string, { imports: { path: string; kind: string; external?: boolean }[]; inputs: object }>;
    };
  };
  const { outputs } = made.metafile;
  const [packages, files, seen] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const file of Object.keys(outputs[path].inputs)) files.add(file);
    for (const { path: next, kind, external } of outputs[path].imports) {
      if (kind === 'dynamic-import') continue;
      if (external) packages.add(next);
      else visit(next);
    }
  };
  visit('.build/frame/cli.js');
  assert.equal([...packages].filter((name) => !name.startsWith('node:')).sort(), ['cli-progress', 'commander']);
  assert.equal(
    [...files].filter((path) => !/^src\/(cli|base)\/|^src\/(run\/version|report\/numbers)\.ts$/.test(path)),
    [],
  );
  assert.ok(files.size < 12, [...files].join(' '));
  // The walk sees what is loaded later.
  assert.ok(Object.values(outputs).some(({ imports }) => imports.some(({ path }) => path === 'zod')));
});

test.run();
