/** Verbs that look at real records: of a private run for its owner alone, when asked, and where nobody hands it on. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDiagnostics } from '../../src/cli/job.ts';
import type { DirectoryJob } from '../../src/run/session.ts';
import { failure } from '../support/failure.ts';
import { CommandLine, csv } from './spawned.ts';

test('only a private run needs to be asked for', () => {
  const of = (system: string) => ({ run: { dir: 'd', info: { system } } }) as unknown as DirectoryJob;
  for (const system of ['gan', 'pargan']) checkDiagnostics(of(system), undefined);
  for (const system of ['dpgan', 'dp-pargan']) {
    assert.is(failure(() => checkDiagnostics(of(system), undefined)).code, 'USAGE');
    checkDiagnostics(of(system), true);
  }
});

test('attack, evaluate and report refuse a private run; what train and report write is free of its records', async () => {
  const cli = await CommandLine.make('diagnostics');
  try {
    cli.write('points.csv', csv(1597));
    await cli.json(...'data import points.csv --name points --rows 0:1371 --holdout 1371:1597'.split(' '));
    const small = '--data points --batch 8 --generator-hidden 8 --critic-hidden 8 --steps 6 --quiet';
    await cli.json(...`train dpgan ${small} --noise-multiplier 2 --population 1400 --out d`.split(' '));
    await cli.allFail([
      ['attack d', 2, /the run is private.*--diagnostics/],
      ['evaluate d', 2, /the run is private.*--diagnostics/],
      ['report d --attack', 2, /the run is private.*--diagnostics/],
    ]);
    const { file } = await cli.json<{ file: string }>('report', 'd');
    assert.is(file, join('d', 'report.html'));
    const html = cli.read(file).toString();
    const words = html.replace(/<(style|svg)\b.*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' ');
    // 1,371 rows and 226 held out; the declared number may be told.
    assert.not.match(words, /1,?371\b|\b226\b|1,?597\b/);
    assert.match(words, /1,?400\b/);
    assert.not.ok(fs.existsSync(join(cli.cwd, 'd', 'private')), 'nothing looked at real records');
    const samples = fs.readdirSync(join(cli.cwd, 'd', 'samples'));
    assert.ok(samples.length > 0 && samples.every((name) => /^(samples|losses)\./.test(name)), samples.join());
    const own = await cli.json<{ file: string }>('report', 'd', '--diagnostics');
    assert.is(own.file, join('d', 'private', 'report.html'));
  } finally {
    cli.remove();
  }
});

test.run();
