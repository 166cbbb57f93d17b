/**
 * Reads apt's own list of sources (both formats) and derives the one of a suite that is not in it.
 * A stanza is what deb822 calls so: a Map of lower-case field name to value, kept whole, so that Signed-By,
 * Trusted, Architectures and whatever else the machine's owner said there stays in force.
 *
 * Formats: sources.list(5).
 */

/** Options of the one-line format whose deb822 name is not simply the same word. */
const OPTION_FIELDS = { arch: 'architectures', lang: 'languages', target: 'targets' };

/** @returns {Map<string, string>[]} the enabled binary stanzas of a `.sources` file */
export function parseDeb822(text) {
  const stanzas = [];
  let stanza = new Map();
  let field = '';
  for (const line of [...text.split(/\r?\n/), '']) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      if (stanza.size > 0) stanzas.push(stanza);
      stanza = new Map();
      field = '';
    } else if (/^\s/.test(line) && field) {
      stanza.set(field, `${stanza.get(field)}\n${line}`);
    } else {
      const colon = line.indexOf(':');
      if (colon < 1) continue;
      field = line.slice(0, colon).trim().toLowerCase();
      stanza.set(field, line.slice(colon + 1).trim());
    }
  }
  const off = /^(no|false|without|off|disable|0)$/i;
  return stanzas.filter((s) => !off.test(s.get('enabled') ?? 'yes') && words(s, 'types').includes('deb')).map(binary);
}

/** @returns {Map<string, string>[]} the binary entries of a `.list` file, as stanzas */
export function parseOneLine(text) {
  const stanzas = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/#.*/, '').trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line);
    if (!match || match[2].startsWith('cdrom:')) continue;
    const [, options = '', uri, suite, components = ''] = match;
    const stanza = new Map([
      ['types', 'deb'],
      ['uris', uri],
      ['suites', suite],
    ]);
    if (components) stanza.set('components', components.trim());
    for (const option of options.trim().split(/\s+/).filter(Boolean)) {
      const [, name, sign, value] = /^([^=+-][^=]*?)([+-]?)=(.*)$/.exec(option) ?? [];
      if (!name) continue;
      const suffix = { '+': '-add', '-': '-remove', '': '' }[sign];
      stanza.set((OPTION_FIELDS[name.toLowerCase()] ?? name.toLowerCase()) + suffix, value.replaceAll(',', ' '));
    }
    stanzas.push(stanza);
  }
  return stanzas;
}

/**
 * The stanzas of this release, out of all that the machine has: third parties' sources are left alone, so
 * that one of them that does not answer cannot stop us.
 * @param {string[]} codenames names of the release, the machine's own first (a derivative has its parent's too)
 * @returns {{ codename: string, stanzas: Map<string, string>[] }} no stanzas where none matches
 */
export function ofRelease(stanzas, codenames) {
  for (const codename of codenames) {
    const own = stanzas
      .map((s) => narrowed(s, (suite) => suite === codename || suite.startsWith(`${codename}-`)))
      .filter((s) => s !== null);
    if (own.some((s) => words(s, 'suites').includes(codename))) return { codename, stanzas: own };
  }
  return { codename: codenames[0] ?? '', stanzas: [] };
}

/**
 * The stanzas with which `<codename>-backports` can be read: the machine's own where it has them, else those
 * of the release itself with the suite exchanged. Local media (file:, copy:) do not carry backports.
 */
export function withBackports(stanzas, codename) {
  const suite = `${codename}-backports`;
  if (stanzas.some((s) => words(s, 'suites').includes(suite))) return stanzas;
  const derived = stanzas
    .filter((s) => words(s, 'suites').includes(codename))
    .map((s) => {
      const uris = words(s, 'uris').filter((uri) => !/^(file|copy):/.test(uri));
      if (uris.length === 0) return null;
      return new Map([...s, ['uris', uris.join(' ')], ['suites', suite]]);
    })
    .filter((s) => s !== null);
  return [...stanzas, ...derived];
}

/** The text of a `.sources` file. Only package indices are asked for: no translations, icons or file lists. */
export function formatDeb822(stanzas) {
  const title = (name) => name.replace(/(^|-)[a-z]/g, (s) => s.toUpperCase());
  return stanzas
    .map((s) => new Map([...s, ['types', 'deb'], ['targets', 'Packages']]))
    .map((s) => [...s].map(([name, value]) => `${NAMES[name] ?? title(name)}: ${value}\n`).join(''))
    .join('\n');
}

const NAMES = { uris: 'URIs', pdiffs: 'PDiffs' };

/** Drops the source-code half of a stanza, and the URIs that need a disc in a drive. */
function binary(stanza) {
  const uris = words(stanza, 'uris').filter((uri) => !uri.startsWith('cdrom:'));
  return new Map([...stanza, ['types', 'deb'], ['uris', uris.join(' ')]]);
}

function narrowed(stanza, keep) {
  const suites = words(stanza, 'suites').filter(keep);
  if (suites.length === 0 || words(stanza, 'uris').length === 0) return null;
  return new Map([...stanza, ['suites', suites.join(' ')]]);
}

function words(stanza, field) {
  return (stanza.get(field) ?? '').split(/\s+/).filter(Boolean);
}
