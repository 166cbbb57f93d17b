import { createCipheriv } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import chachaShader from '#shaders/chacha.wgsl';
import { open } from '../../src/api/node.ts';
import { ChaChaStream, chacha } from '../../src/privacy/chacha.ts';
import { DrawCounter, PrivacyKey } from '../../src/privacy/key.ts';
import { empty, tensor } from '../../src/tensor/tensor.ts';
import { codeOf } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const words = (bytes: Uint8Array): Uint32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
};
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

interface Vector {
  key: string;
  nonce: string;
  counter: number;
  block: string;
}

const zeros = (n: number) => '00'.repeat(n);

// RFC 8439, section 2.3.2 and appendix A.1.
const VECTORS: Vector[] = [
  {
    key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    nonce: '000000090000004a00000000',
    counter: 1,
    block: `10f1e7e4 d13b5915 500fdd1f a32071c4 c7d1f4c7 33c06803 0422aa9a c3d46c4e
            d2826446 079faa09 14c2d705 d98b02a2 b5129cd1 de164eb9 cbd083e8 a2503c4e`,
  },
  {
    key: zeros(32),
    nonce: zeros(12),
    counter: 0,
    block: `76b8e0ad a0f13d90 405d6ae5 5386bd28 bdd219b8 a08ded1a a836efcc 8b770dc7
            da41597c 5157488d 7724e03f b8d84a37 6a43b8f4 1518a11c c387b669 b2ee6586`,
  },
  {
    key: zeros(32),
    nonce: zeros(12),
    counter: 1,
    block: `9f07e7be 5551387a 98ba977c 732d080d cb0f29a0 48e36569 12c6533e 32ee7aed
            29b72176 9ce64e43 d57133b0 74d839d5 31ed1f28 510afb45 ace10a1f 4b794d6f`,
  },
  {
    key: `${zeros(31)}01`,
    nonce: zeros(12),
    counter: 1,
    block: `3aeb5224 ecf84992 9b9d828d b1ced4dd 832025e8 018b8160 b82284f3 c949aa5a
            8eca00bb b4a73bda d192b5c4 2f73f2fd 4e273644 c8b36125 a64addeb 006c13a0`,
  },
  {
    key: `00ff${zeros(30)}`,
    nonce: zeros(12),
    counter: 2,
    block: `72d54dfb f12ec44b 362692df 94137f32 8fea8da7 3990265e c1bbbea1 ae9af0ca
            13b25aa2 6cb4a648 cb9b9d1b e65b2c09 24a66c54 d545ec1b 7374f487 2e99f096`,
  },
  {
    key: zeros(32),
    nonce: `${zeros(11)}02`,
    counter: 0,
    block: `c2c64d37 8cd53637 4ae204b9 ef933fcd 1a8b2288 b3dfa496 72ab765b 54ee27c7
            8a970e0e 955c14f3 a88e741b 97c286f7 5f8fc299 e8148362 fa198a39 531bed6d`,
  },
];

const nonceOf = (v: Vector) => [...words(hex(v.nonce))] as [number, number, number];

/** The same by the shader library: [n] blocks. */
async function onDevice(key: Uint32Array, inputs: readonly (readonly number[])[]): Promise<Uint32Array> {
  const n = inputs.length;
  const y = empty(gpu, [n, 16], 'u32');
  const input = tensor(gpu, Uint32Array.from(inputs.flat()), [n, 4]);
  gpu.run(chachaShader, {}, { key: tensor(gpu, key), input, y }, { n, threads: 64 }, [1, 1, 1]);
  const [bytes] = await gpu.read(y);
  return new Uint32Array(bytes);
}

/** OpenSSL's keystream: `blocks` blocks from a counter on. */
function openssl(key: Uint32Array, counter: number, nonce: readonly number[], blocks: number): Uint32Array {
  const iv = Buffer.from(Uint32Array.of(counter, ...nonce).buffer);
  const cipher = createCipheriv('chacha20', Buffer.from(key.buffer, key.byteOffset, 32), iv);
  return words(Uint8Array.from(cipher.update(new Uint8Array(64 * blocks))));
}

const random = (n: number) => globalThis.crypto.getRandomValues(new Uint32Array(n));

test('RFC 8439: the six block vectors, on the host and on the device', async () => {
  for (const v of VECTORS) {
    const key = words(hex(v.key));
    const want = words(hex(v.block));
    assert.equal(chacha(key, v.counter, nonceOf(v)), want, `host, ${v.block.slice(0, 8)}`);
    assert.equal(await onDevice(key, [[v.counter, ...nonceOf(v)]]), want, `device, ${v.block.slice(0, 8)}`);
  }
});

test('random keys, counters and nonces: host and device give what OpenSSL gives', async () => {
  for (let round = 0; round < 5; round++) {
    const key = random(8);
    const inputs = Array.from({ length: 77 }, () => [...random(4)]);
    inputs.push([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0x80000000, 0x7fffffff, 0, 1]);
    const got = await onDevice(key, inputs);
    inputs.forEach(([counter, a, b, c], i) => {
      const want = openssl(key, counter, [a, b, c], 1);
      assert.equal(chacha(key, counter, [a, b, c]), want, 'host');
      assert.equal(got.slice(16 * i, 16 * i + 16), want, 'device');
    });
  }
});

test('a stream is the blocks in order, and ends where they end', () => {
  const key = random(8);
  const nonce = [1, 2, 3] as const;
  const stream = new ChaChaStream(key, nonce);
  assert.equal(
    Uint32Array.from({ length: 160 }, () => stream.uint32()),
    openssl(key, 0, nonce, 10),
  );
});

test('a key of another length is refused', async () => {
  assert.is(await codeOf(() => chacha(new Uint32Array(7), 0, [0, 0, 0])), 'VALIDATION');
  assert.is(await codeOf(() => new ChaChaStream(new Uint32Array(9), [0, 0, 0])), 'VALIDATION');
});

test('fresh keys differ, keys of one insecure seed do not, and derived ones differ by purpose and index', () => {
  const seen = new Set<string>();
  const keys = [
    PrivacyKey.fresh(),
    PrivacyKey.fresh(),
    PrivacyKey.insecure(1),
    PrivacyKey.insecure(2),
    PrivacyKey.insecure(2 ** 32 + 1),
  ];
  for (const key of keys) {
    for (const purpose of ['noise', 'sampling', 'discrete', 'partition'] as const) {
      for (const index of [0, 1, 2 ** 32 - 1]) seen.add(key.derive(purpose, index).join());
    }
  }
  assert.is(seen.size, 5 * 4 * 3);
  assert.equal(PrivacyKey.insecure(7).derive('noise'), PrivacyKey.insecure(7).derive('noise'));
  assert.equal(
    keys.map((k) => k.insecure),
    [false, false, true, true, true],
  );
});

test('a key is in no text of it, and is refused once wiped', async () => {
  const key = PrivacyKey.fresh();
  const text = JSON.stringify(key) + String(key) + JSON.stringify(Object.entries(key));
  assert.is(text.match(/\d{5}/), null);
  key.wipe();
  assert.is(await codeOf(() => key.derive('noise')), 'USE_AFTER_FREE');
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) assert.is(await codeOf(() => PrivacyKey.insecure(seed)), 'CONFIG');
  assert.is(await codeOf(() => PrivacyKey.fresh().derive('noise', -1)), 'VALIDATION');
});

test('a fresh key is 32 bytes of the platform, and wiping overwrites them', () => {
  const given: Uint32Array<ArrayBuffer>[] = [];
  const { crypto } = globalThis;
  const original = crypto.getRandomValues;
  Object.defineProperty(crypto, 'getRandomValues', {
    value: (words: Uint32Array<ArrayBuffer>) => {
      given.push(words);
      return original.call(crypto, words);
    },
    configurable: true,
  });
  try {
    const key = PrivacyKey.fresh();
    assert.equal(
      given.map((words) => words.byteLength),
      [32],
    );
    const [words] = given;
    const derived = key.derive('noise');
    // Each of the words counts.
    for (let i = 0; i < 8; i++) {
      words[i] ^= 1;
      assert.not.equal(key.derive('noise'), derived);
      words[i] ^= 1;
    }
    assert.equal(key.derive('noise'), derived);
    key.wipe();
    assert.ok(words.every((word) => word === 0));
  } finally {
    Reflect.deleteProperty(crypto, 'getRandomValues');
  }
});

test('draws are numbered once, end at the limit, and only seeded ones may be set', async () => {
  const counter = new DrawCounter(false, 3);
  assert.equal([counter.take(), counter.take(), counter.take()], [0, 1, 2]);
  assert.is(await codeOf(() => counter.take()), 'OVER_LIMIT');
  assert.is(await codeOf(() => Object.assign(counter, { position: 0 })), 'VALIDATION');
  const seeded = new DrawCounter(true);
  seeded.position = 2 ** 48 - 1;
  assert.is(seeded.take(), 2 ** 48 - 1);
  assert.is(await codeOf(() => seeded.take()), 'OVER_LIMIT');
  assert.is(await codeOf(() => Object.assign(seeded, { position: -1 })), 'VALIDATION');
});

test.run();
