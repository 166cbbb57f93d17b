/** How `setup` reads apt's sources and derives the address of backports from them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatDeb822, ofRelease, parseDeb822, parseOneLine, withBackports } from '../../src/build/apt-sources.mjs';

const plain = (stanzas: Map<string, string>[]) => stanzas.map((stanza) => Object.fromEntries(stanza));

test('one-line entries, with options of every kind', () => {
  const text = `# a comment
deb http://mirror.example/debian bookworm main contrib # and another
deb-src http://mirror.example/debian bookworm main
deb [ arch=amd64,arm64 signed-by=/k.gpg trusted=yes lang-=fr ] https://user:pw@mirror.example:8080/d/ bookworm-updates main
deb cdrom:[Debian GNU/Linux 12 - DVD]/ bookworm main
#deb http://off.example/ bookworm main
deb http://flat.example/ ./
`;
  assert.equal(plain(parseOneLine(text)), [
    { types: 'deb', uris: 'http://mirror.example/debian', suites: 'bookworm', components: 'main contrib' },
    {
      types: 'deb',
      uris: 'https://user:pw@mirror.example:8080/d/',
      suites: 'bookworm-updates',
      components: 'main',
      architectures: 'amd64 arm64',
      'signed-by': '/k.gpg',
      trusted: 'yes',
      'languages-remove': 'fr',
    },
    { types: 'deb', uris: 'http://flat.example/', suites: './' },
  ]);
});

test('deb822 stanzas: comments, continued fields, disabled ones, keys in place', () => {
  const text = `# comment
Types: deb deb-src
URIs: http://a.example/debian
 cdrom:[Debian]/
# in the middle
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://b.example/debian
Suites: bookworm
Enabled: no

Types: deb-src
URIs: http://c.example/debian
Suites: bookworm
`;
  const stanzas = parseDeb822(text.replaceAll('\n', '\r\n'));
  const key = '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----';
  assert.equal(plain(stanzas), [
    {
      types: 'deb',
      uris: 'http://a.example/debian',
      suites: 'bookworm bookworm-updates',
      components: 'main',
      'signed-by': key,
    },
  ]);
  assert.ok(formatDeb822(stanzas).includes(`Signed-By: ${key}\n`), 'the key is written back as it was');
  assert.equal(plain(parseDeb822(formatDeb822(stanzas)))[0]['signed-by'], key);
});

test('only the sources of the release are taken', () => {
  const stanzas = parseOneLine(`deb http://a.example/debian bookworm main
deb http://security.example/ bookworm-security main
deb http://third.example/ stable main
deb http://other.example/ bookworm2 main
`);
  const { codename, stanzas: own } = ofRelease(stanzas, ['bookworm', 'stable']);
  assert.is(codename, 'bookworm');
  assert.equal(
    own.map((s) => s.get('uris')),
    ['http://a.example/debian', 'http://security.example/'],
  );
  assert.is(ofRelease(stanzas, ['wilma', 'bookworm']).codename, 'bookworm', "a derivative's parent is found");
  assert.equal(ofRelease(stanzas, ['trixie']).stanzas, []);
});

test('backports come from where the release comes from, with its keys and options', () => {
  const release = parseDeb822(`Types: deb
URIs: file:/srv/mirror https://a.example/debian http://b.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k.gpg
Trusted: yes
`);
  const [kept, derived, ...rest] = withBackports(release, 'bookworm');
  assert.is(rest.length, 0);
  assert.is(kept, release[0]);
  assert.equal(Object.fromEntries(derived), {
    types: 'deb',
    uris: 'https://a.example/debian http://b.example/debian',
    suites: 'bookworm-backports',
    components: 'main',
    'signed-by': '/k.gpg',
    trusted: 'yes',
  });
});

test('backports that are there already are used, and local media give none', () => {
  const there = parseOneLine(`deb http://a.example/debian bookworm main
deb http://c.example/backports bookworm-backports main
`);
  assert.equal(withBackports(there, 'bookworm'), there);
  const local = parseOneLine('deb file:/srv/mirror bookworm main\n');
  assert.equal(withBackports(local, 'bookworm'), local);
});

test.run();
