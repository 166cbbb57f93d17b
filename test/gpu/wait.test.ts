/** The waiter on a clock of the test's own: time passes only in sleeps and in fake work. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Waiter } from '../../src/gpu/wait.ts';

let now = 0;
let sleeps: number[] = [];
const realTimeout = globalThis.setTimeout;

test.before.each(() => {
  now = 1000;
  sleeps = [];
  Object.defineProperty(performance, 'now', { value: () => now, configurable: true });
  globalThis.setTimeout = ((done: () => void, ms: number) => {
    sleeps.push(ms);
    // A timer is never early, and usually late.
    now += Math.ceil(ms) + 1;
    queueMicrotask(done);
  }) as unknown as typeof setTimeout;
});

test.after.each(() => {
  Reflect.deleteProperty(performance, 'now');
  globalThis.setTimeout = realTimeout;
});

/** Work of `ms` that runs `slowdown` times slower while somebody asks for it; returns when it was asked for. */
async function chunk(waiter: Waiter, ms: number, slowdown: number, units = 1, kind = 'work'): Promise<number> {
  const submitted = now;
  let asked = 0;
  await waiter.settle(kind, units, submitted, async () => {
    asked = now - submitted;
    const left = submitted + ms - now;
    if (left > 0) now += left * slowdown;
    now += 0.01;
  });
  return asked;
}

test('heavy work that polling slows down is slept through once both ways are known', async () => {
  const waiter = new Waiter(true);
  const asked: number[] = [];
  for (let i = 0; i < 60; i++) asked.push(await chunk(waiter, 100, 1.8));
  assert.ok(asked.slice(0, 10).some((t) => t < 1) && asked.slice(0, 10).some((t) => t > 50), 'it tries both');
  // Polling made the first sleep too long; it shrinks by a tenth each time that it was.
  for (const t of asked.slice(40)) assert.ok(t > 85 && t < 110, `asked after ${t} of 100 ms`);
  const estimate = waiter.estimate('work') as number;
  assert.ok(estimate > 95 && estimate < 115, `${estimate}`);
});

test('a machine that was suspended once is not waited for again', async () => {
  const waiter = new Waiter(true);
  for (let i = 0; i < 40; i++) await chunk(waiter, 100, 1.8);
  for (const pause of [60_000, 3_600_000]) {
    await chunk(waiter, pause, 1);
    for (let i = 0; i < 80; i++) {
      const asked = await chunk(waiter, 100, 1.8);
      assert.ok(asked < 600, `chunk ${i} after a pause of ${pause} ms was asked for after ${asked} ms`);
    }
  }
});

test('tiny work is asked for at once', async () => {
  const waiter = new Waiter(true);
  const asked: number[] = [];
  for (let i = 0; i < 40; i++) asked.push(await chunk(waiter, 1, 1));
  for (const t of asked.slice(12)) assert.is(t, 0);
});

test('the estimate is for a unit, and each kind has its own', async () => {
  const waiter = new Waiter(true);
  assert.is(waiter.estimate('a'), undefined);
  for (let i = 0; i < 20; i++) {
    await chunk(waiter, 100, 1, 10, 'a');
    await chunk(waiter, 30, 1, 1, 'b');
  }
  const [a, b] = [waiter.estimate('a') as number, waiter.estimate('b') as number];
  assert.ok(a > 9.5 && a < 11 && b > 29 && b < 34, `${a} ${b}`);
  // Five times the units: about five times the sleep.
  const asked = await chunk(waiter, 500, 1.8, 50, 'a');
  assert.ok(asked === 0 || (asked > 400 && asked <= 540), `${asked}`);
});

test('the first run, which compiles, does not count', async () => {
  const waiter = new Waiter(true);
  await chunk(waiter, 5000, 1);
  for (let i = 0; i < 12; i++) await chunk(waiter, 50, 1.8);
  assert.ok((waiter.estimate('work') as number) < 100);
  assert.ok(Math.max(...sleeps) < 5000);
});

test('a page, where asking is free, never sleeps', async () => {
  const waiter = new Waiter(false);
  for (let i = 0; i < 20; i++) assert.is(await chunk(waiter, 100, 1.8), 0);
  assert.equal(sleeps, []);
  assert.ok((waiter.estimate('work') as number) > 0);
});

test('one chunk is asked for at a time, in order of submission', async () => {
  const waiter = new Waiter(true);
  const events: string[] = [];
  const work = (name: string) =>
    waiter.settle('work', 1, now, async () => {
      events.push(`${name} asked`);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      now += 5;
      events.push(`${name} done`);
    });
  await Promise.all([work('a'), work('b'), work('c')]);
  assert.equal(events, ['a asked', 'a done', 'b asked', 'b done', 'c asked', 'c done']);
});

test('a failure reaches its own caller and nobody else', async () => {
  const waiter = new Waiter(true);
  const fails = waiter.settle('work', 1, now, () => Promise.reject(new Error('lost')));
  const next = chunk(waiter, 1, 1);
  assert.is(await fails.catch((e: Error) => e.message), 'lost');
  assert.type(await next, 'number');
});

test.run();
