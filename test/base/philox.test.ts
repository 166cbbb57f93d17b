import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hash32, PhiloxStream, philox, philoxInto } from '../../src/base/philox.ts';

/** An independent Philox4x32-10 in BigInt arithmetic, straight from the paper's definition. */
function reference(counter: number[], key: number[]): number[] {
  const mask = 0xffffffffn;
  let [a, b, c, d] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  for (let r = 0; r < 10; r++) {
    const p0 = 0xd2511f53n * a;
    const p1 = 0xcd9e8d57n * c;
    [a, b, c, d] = [(p1 >> 32n) ^ b ^ k0, p1 & mask, (p0 >> 32n) ^ d ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d].map(Number);
}

test('known answers of Random123 (kat_vectors, philox4x32 10)', () => {
  const all = 0xffffffff;
  assert.equal([...philox([0, 0, 0, 0], [0, 0])], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.equal([...philox([all, all, all, all], [all, all])], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  assert.equal(
    [...philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

test('equals a BigInt reference on 2000 random counters and keys, edge words included', () => {
  const edge = [0, 1, 0x7fffffff, 0x80000000, 0xffff, 0x10000, 0xffff0000, 0xffffffff];
  const source = new PhiloxStream(3, 'test');
  const word = () => (source.below(3) === 0 ? edge[source.below(8)] : source.uint32());
  const out = new Uint32Array(4);
  for (let i = 0; i < 2000; i++) {
    const [a, b, c, d, k0, k1] = [word(), word(), word(), word(), word(), word()];
    philoxInto(out, a, b, c, d, k0, k1);
    assert.equal([...out], reference([a, b, c, d], [k0, k1]));
  }
});

test('hash32 is FNV-1a of the UTF-8 bytes', () => {
  assert.is(hash32(''), 0x811c9dc5);
  assert.is(hash32('a'), 0xe40c292c);
  assert.is(hash32('foobar'), 0xbf9cf968);
  assert.is.not(hash32('é'), hash32('e'));
});

test('a stream is the words of (block, seed high; seed low, name), at any position and in any order', () => {
  const seed = 5 * 2 ** 32 + 7;
  const stream = new PhiloxStream(seed, 'z');
  const words = (block: number) => [...philox([block, 0, 5, 0], [7, hash32('z')])];
  const drawn = Array.from({ length: 9 }, () => stream.uint32());
  assert.equal(drawn, [...words(0), ...words(1), words(2)[0]]);
  assert.is(stream.at(6), drawn[6]);
  assert.is(stream.position, 9);
  assert.is(stream.at(4 * 2 ** 33 + 1), philox([0, 2, 5, 0], [7, hash32('z')])[1]);
  const other = new PhiloxStream(seed, 'z');
  other.position = 5;
  assert.equal([other.uint32(), other.uint32()], drawn.slice(5, 7));
});

test('the numbers after a position do not depend on how one got there', () => {
  const mixed = new PhiloxStream(1, 'a');
  mixed.normal();
  mixed.uint32();
  const here = mixed.position;
  const next = [mixed.normal(), mixed.uniform()];
  const jumped = new PhiloxStream(1, 'a');
  jumped.position = here;
  assert.equal([jumped.normal(), jumped.uniform()], next);
  assert.is(here, 5);
});

test('seeds and names give different streams; a bad seed is refused', () => {
  const first = (seed: number, name: string) => new PhiloxStream(seed, name).uint32();
  const seen = new Set([first(0, 'a'), first(1, 'a'), first(2 ** 32, 'a'), first(0, 'b')]);
  assert.is(seen.size, 4);
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => new PhiloxStream(seed, 'a'), /seed/);
});

test('uniform and normal have the right moments and range', () => {
  const stream = new PhiloxStream(11, 'moments');
  const n = 200_000;
  let [u1, u2, g1, g2, g4, least, most] = [0, 0, 0, 0, 0, 1, 0];
  for (let i = 0; i < n; i++) {
    const u = stream.uniform();
    const g = stream.normal();
    u1 += u / n;
    u2 += (u * u) / n;
    g1 += g / n;
    g2 += (g * g) / n;
    g4 += g ** 4 / n;
    least = Math.min(least, u);
    most = Math.max(most, u);
  }
  const close = (value: number, want: number, sd: number) => assert.ok(Math.abs(value - want) < 5 * sd, `${value}`);
  close(u1, 1 / 2, Math.sqrt(1 / 12 / n));
  close(u2, 1 / 3, Math.sqrt(4 / 45 / n));
  close(g1, 0, Math.sqrt(1 / n));
  close(g2, 1, Math.sqrt(2 / n));
  close(g4, 3, Math.sqrt(96 / n));
  assert.ok(least >= 0 && least < 1e-4 && most < 1 && most > 0.9999);
});

test('below is uniform also where rejection is frequent', () => {
  const n = 3 * 2 ** 30;
  const stream = new PhiloxStream(2, 'below');
  const thirds = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) {
    const value = stream.below(n);
    assert.ok(value < n);
    thirds[Math.floor(value / 2 ** 30)]++;
  }
  assert.ok(stream.position > 35_000, 'a quarter of the words is rejected');
  for (const count of thirds) assert.ok(Math.abs(count - 10_000) < 5 * Math.sqrt(30_000 * (2 / 9)), `${count}`);
  assert.is(stream.below(1), 0);
  assert.throws(() => stream.below(0));
});

test('permutation holds every index once, and every order of four comes up equally often', () => {
  const stream = new PhiloxStream(4, 'permutation');
  const big = stream.permutation(1000);
  assert.equal(
    [...big].sort((a, b) => a - b),
    [...new Uint32Array(1000).keys()],
  );
  assert.equal([...stream.permutation(0)], []);
  const seen = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const key = stream.permutation(4).join('');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  assert.is(seen.size, 24);
  for (const count of seen.values()) assert.ok(Math.abs(count - 1000) < 5 * Math.sqrt(1000), `${count}`);
});

test.run();
