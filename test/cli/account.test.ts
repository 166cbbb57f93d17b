/** `account` as a process: its document, its words for people, its exit codes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('account');
test.after(() => cli.remove());

interface Account {
  epsilon: { rdp?: number; pld?: number; pld_lower?: number };
  order?: number;
  gap?: number;
  sigma?: number;
  sigma_by?: { rdp?: number; pld?: number };
  delta: number;
  mechanism: string;
  relation: string;
  phases: { q: number; sigma: number; steps: number }[];
}

const account = (args: string) => cli.json<Account>('account', ...args.split(' '));
const near = (value: number | undefined, want: number, tolerance: number) =>
  assert.ok(Math.abs(value! - want) <= tolerance, `${value} is not ${want} +- ${tolerance}`);

test('the acceptance case', async () => {
  const { epsilon, order, gap, delta } = await account(
    '--q 0.0021321962 --sigma 1 --steps 450000 --delta 1e-5 --accountant all',
  );
  near(epsilon.rdp, 9.963, 1e-3);
  near(epsilon.pld, 9.272, 1e-3);
  assert.ok(epsilon.pld_lower! <= epsilon.pld! && epsilon.pld! < epsilon.rdp!);
  near(gap, epsilon.pld! - epsilon.pld_lower!, 1e-12);
  near(order, 3.4, 0.05);
  assert.is(delta, 1e-5);
});

test('one accountant alone, several phases, a quotient', async () => {
  const rdp = await account('--q 64/60000 --sigma 1 --steps 100 --accountant rdp');
  assert.equal(Object.keys(rdp.epsilon), ['rdp']);
  assert.is(rdp.phases[0].q, 64 / 60000);
  const pld = await account('--phase 0.01,1,100 --phase 1,20,3 --accountant pld');
  assert.equal(Object.keys(pld.epsilon), ['pld', 'pld_lower']);
  assert.equal(pld.phases, [
    { q: 0.01, sigma: 1, steps: 100 },
    { q: 1, sigma: 20, steps: 3 },
  ]);
});

test('noise for a target: each accountant asked stays within it', async () => {
  const both = await account('--q 1/118 --steps 10000 --target-epsilon 1');
  near(both.sigma, 3.519, 1e-3);
  near(both.epsilon.rdp, 1, 1e-3);
  assert.ok(both.epsilon.rdp! <= 1 && both.epsilon.pld! < both.epsilon.rdp!);
  assert.ok(both.sigma_by!.pld! < both.sigma_by!.rdp! && both.sigma === both.sigma_by!.rdp);
  const tight = await account('--q 1 --steps 10 --target-epsilon 1 --accountant pld');
  assert.ok(tight.epsilon.pld! <= 1 && tight.epsilon.pld! > 0.998 && tight.sigma === tight.sigma_by!.pld);
});

test('the discrete mechanism has RDP only', async () => {
  const { epsilon, mechanism } = await account('--q 0.01 --sigma 1 --steps 1000 --mechanism discrete');
  assert.equal([Object.keys(epsilon), mechanism], [['rdp'], 'discrete']);
  near(epsilon.rdp, 2.1078, 1e-3);
});

test('the neighbours that are asked for, said in the document; no others', async () => {
  const args = '--q 0.01 --sigma 1 --steps 1000';
  const [alone, zeroed, replaced] = await Promise.all(
    ['', ' --relation zero-out', ' --relation replace-one'].map((relation) => account(args + relation)),
  );
  assert.equal([alone.relation, zeroed.relation, replaced.relation], ['add-remove', 'zero-out', 'replace-one']);
  assert.equal(zeroed.epsilon, alone.epsilon);
  near(alone.epsilon.pld, 1.828, 1e-3);
  near(replaced.epsilon.pld, 2.843, 1e-3);
  assert.ok(replaced.epsilon.pld_lower! <= replaced.epsilon.pld! && replaced.epsilon.pld! < replaced.epsilon.rdp!);
  const noise = await account('--q 0.01 --steps 100 --target-epsilon 1 --accountant rdp --relation replace-one');
  assert.ok(noise.epsilon.rdp! <= 1 && noise.epsilon.rdp! > 0.998);
  await cli.allFail([[`account ${args} --relation both`, 2, /Allowed choices are zero-out, add-remove, replace-one/]]);
});

test('for people: the bounds, the gap and what is protected', async () => {
  const { code, stdout, stderr } = await cli.run(...'account --q 0.01 --sigma 1 --steps 100'.split(' '));
  assert.equal([code, stderr], [0, '']);
  assert.match(stdout, /^RDP {7}epsilon [\d.]+ \(order [\d.]+\)$/m);
  assert.match(stdout, /^PLD {7}epsilon [\d.]+ \(certified: at least [\d.]+, gap [\d.]+e-\d+\)$/m);
  assert.match(stdout, /add\/remove of one record, Poisson sampling/);
});

test('measured tables: zCDP and the PLD, or the noise for a target, by each', async () => {
  interface Tables extends Omit<Account, 'epsilon' | 'sigma_by'> {
    epsilon: { zcdp?: number; pld?: number; pld_lower?: number };
    rho: number;
    sigma_by?: { zcdp?: number; pld?: number };
  }
  const of = (args: string) => cli.json<Tables>('account', ...`--tables 105 ${args}`.split(' '));
  const [alone, replaced, target, pld] = await Promise.all([
    of('--sigma 15.3 --delta 1e-5'),
    of('--sigma 15.3 --relation replace-one'),
    of('--target-epsilon 1'),
    of('--target-epsilon 1 --accountant pld'),
  ]);
  near(alone.rho, 105 / (2 * 15.3 ** 2), 1e-12);
  near(alone.epsilon.zcdp, 3.0002, 1e-3);
  near(alone.epsilon.pld, 2.7677, 1e-3);
  assert.ok(alone.epsilon.pld_lower! <= alone.epsilon.pld!);
  near(replaced.rho, 2 * alone.rho, 1e-12);
  assert.ok(replaced.epsilon.pld! > 1.4 * alone.epsilon.pld!);
  assert.ok(target.epsilon.zcdp! <= 1 && target.epsilon.zcdp! > 0.999 && target.epsilon.pld! < target.epsilon.zcdp!);
  assert.ok(target.sigma === target.sigma_by!.zcdp && target.sigma_by!.pld! < target.sigma!);
  assert.equal([Object.keys(pld.epsilon), pld.sigma], [['pld', 'pld_lower'], target.sigma_by!.pld]);
  assert.ok(pld.epsilon.pld! <= 1 && pld.epsilon.pld! > 0.999 && pld.mechanism === 'measured');
  const { stdout } = await cli.run(...'account --tables 105 --target-epsilon 1'.split(' '));
  assert.match(stdout, /^sigma {5}[\d.]+ suffices by zCDP$/m);
  assert.match(stdout, /^zCDP {6}epsilon [\d.]+ \(rho [\d.]+\), also where each is chosen by those before$/m);
  assert.match(stdout, /^PLD {7}epsilon [\d.]+ \(certified: .*\), where all were fixed beforehand$/m);
  await cli.allFail([
    ['account --tables 0 --sigma 1', 2, /whole number from 1/],
    ['account --tables 3', 2, /given, or looked for/],
    ['account --tables 3 --sigma 1 --target-epsilon 1', 2, /given, or looked for/],
    ['account --tables 3 --sigma 0', 2, /--sigma: sigma is 0/],
    ['account --tables 3 --sigma 1 --q 0.5', 2, /--q: it is of steps/],
    ['account --tables 3 --sigma 1 --phase 1,1,1', 2, /--phase: it is of steps/],
    ['account --tables 3 --sigma 1 --mechanism discrete', 2, /--mechanism: it is of steps/],
  ]);
});

test('wrong calls: one line, exit code 2', async () => {
  const wrong: Wrong[] = [
    ['account', 2, /--q: it was not given/],
    ['account --q 2 --sigma 1 --steps 3', 2, /--q: q is 2 and must be from 0 to 1/],
    ['account --q 0.1 --sigma 0 --steps 3', 2, /--sigma: sigma is 0/],
    ['account --q 0.1 --sigma 1 --steps 3 --delta 0', 2, /--delta: delta is 0/],
    ['account --q x --sigma 1 --steps 3', 2, /must be a number/],
    ['account --phase 1,2', 2, /must be q,sigma,steps/],
    ['account --q 0.1 --steps 3 --target-epsilon 0', 2, /--target-epsilon .* It must be above 0/],
    ['account --q 0.1 --sigma 1 --steps 3 --target-epsilon 1', 2, /--sigma: it is what --target-epsilon looks for/],
    ['account --q 0.1 --steps 9 --target-epsilon 0.1 --phase 1,1,1', 2, /no noise up to/],
    ['account --q 0.1 --sigma 1 --steps 3 --accountant pld --mechanism discrete', 2, /no PLD accountant/],
  ];
  await cli.allFail(wrong);
});

test.run();
