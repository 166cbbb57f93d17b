/** The tables of the READMEs, each made from the rows that the program itself works by, or from measured files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJSONSchema } from 'zod';
import { root } from '../../src/build/shaders.mjs';

/** Files that have rows, with the names that are taken of them. */
export const ROWS = {
  'src/cli/index.ts': 'verbs',
  'src/gan/systems.ts': 'systems',
  'src/gan/divergences.ts': 'divergences',
  'src/gan/networks/index.ts': 'networks',
  'src/gan/presets/index.ts': 'presets, presetNotes',
  'src/gan/config.ts': 'ganConfig',
  'src/gan/private/config.ts': 'privateConfig',
  'src/fit/config.ts': 'fitConfig',
  'src/fit/features/config.ts': 'featuresConfig',
  'src/attack/index.ts': 'attacks, readings',
  'src/metrics/index.ts': 'measures',
  'src/data/formats/index.ts': 'formats',
  'src/run/experiment/plan.ts': 'experimentPresets',
  'test/house/rooms.ts': 'ROOMS',
};

const cell = (text) =>
  String(text ?? '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ');
const code = (text) => `\`${text}\``;
/** A table in Markdown. */
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** A value of a config as somebody would type it. */
const value = (v) => (Array.isArray(v) ? v.join(',') : typeof v === 'number' ? String(Number(v.toPrecision(8))) : v);

/** What a field takes: its words, or its least and greatest number. */
function takes({ enum: words, type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, items }) {
  if (words) return words.map(code).join(', ');
  const open = (x) => x !== undefined && Math.abs(x) < Number.MAX_SAFE_INTEGER;
  const bounds = [
    open(minimum) && `at least ${minimum}`,
    open(exclusiveMinimum) && `above ${exclusiveMinimum}`,
    open(maximum) && `at most ${maximum}`,
    open(exclusiveMaximum) && `below ${exclusiveMaximum}`,
  ].filter(Boolean);
  if (type === 'array') return `list: ${takes(items)}`;
  return [type === 'integer' ? 'whole number' : type, ...bounds].join(', ');
}

function fields(schema, without = {}) {
  const { properties } = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return table(
    ['field', 'default', 'takes', 'meaning'],
    Object.entries(properties)
      .filter(([name]) => !Object.hasOwn(without, name))
      .map(([name, field]) => [code(name), code(value(field.default)), takes(field), field.description]),
  );
}

const named = (rows, head, line) =>
  table(
    head,
    Object.entries(rows).map(([name, row]) => [code(name), ...line(row)]),
  );

/** Presets of one kind side by side: what all of them set, then a line for each field in which they differ. */
function sideBySide(presets) {
  const names = Object.keys(presets);
  const fields = [...new Set(names.flatMap((name) => Object.keys(presets[name])))];
  const all = fields.map((field) => [field, ...names.map((name) => String(value(presets[name][field] ?? '')))]);
  const shared = ([, first, ...rest]) => rest.every((v) => v === first);
  const common = all.filter(shared).map(([field, v]) => code(`${field}: ${v}`));
  const differ = all.filter((row) => !shared(row)).map(([field, ...rest]) => [code(field), ...rest]);
  const verb = names.length > 1 ? ' share' : ' has';
  const head = common.length
    ? `${names.map(code).join(', ')}${verb} ${common.join(', ')}.`
    : 'These have little in common.';
  return differ.length ? `${head}\n\n${table(['', ...names.map(code)], differ)}` : head;
}

/** Columns of a table of presets, at most. */
const MOST = 9;

/** Presets in their groups, each under its note. */
function presetTables(presets, notes) {
  return notes
    .flatMap(([names, note]) => {
      const list = names.split(', ').map((name) => [name, presets[name]]);
      const parts = Array.from({ length: Math.ceil(list.length / MOST) }, (_, i) =>
        list.slice(i * MOST, (i + 1) * MOST),
      );
      return [`**${note}**`, ...parts.map((part) => sideBySide(Object.fromEntries(part)))];
    })
    .join('\n\n');
}

const three = (x) => (x === undefined ? '' : String(Number(x.toPrecision(3))));
/** `one program, 60 dispatches` and `tfjs-webgpu 4.22.0: own await` without what is no name. */
const column = (impl) => impl.replace(/: (sleep then|own) await$/, '').replace(/, (sleep then|own) await$/, '');

/** Rates of several implementations in the same cases. */
function rates(results) {
  const impls = [...new Set(results.map(({ impl }) => column(impl)))];
  const cases = [...new Set(results.map((r) => r.case))];
  const shown = (r) => r && `${r.gflops.toFixed(1)}${r.ratio ? ` (${three(r.ratio)}x)` : ''}`;
  return table(
    ['GFLOP/s', ...impls],
    cases.map((c) => [c, ...impls.map((impl) => shown(results.find((r) => r.case === c && column(r.impl) === impl)))]),
  );
}

const times = (results) =>
  table(
    ['case', 'implementation', 'median, ms', 'best, ms', 'memory, MiB', 'compared'],
    results.map((r) => [
      ...[r.case, column(r.impl), three(r.median_ms), three(r.best_ms)],
      ...[r.bytes ? three(r.bytes / 2 ** 20) : '', r.ratio === undefined ? '' : `${r.ratio.toFixed(2)} of ${r.of}`],
    ]),
  );

const claims = (results) =>
  table(
    ['command', 'claim', 'sigma', 'found: epsilon is at least', 'an ideal attacker finds', 'wrong guesses', 'seconds'],
    results.flatMap(({ command, seconds, claims }) =>
      claims.map((c) => [
        ...[code(command), c.epsilon_claimed.toFixed(2), c.noise_multiplier.toFixed(3), c.epsilon_lower.toFixed(2)],
        ...[c.epsilon_ceiling.toFixed(2), `${c.wrong} of ${c.guesses}`, three(seconds / claims.length)],
      ]),
    ),
  );

const qualities = (results) =>
  table(
    ['command', 'columns', 'epsilon', 'seeds', 'TV of pairs', 'TV of triples', 'AUC', 'seconds'],
    results.map((r) => [
      ...[code(r.command), r.columns, r.epsilon, r.seeds, r.tv2.toFixed(4), r.tv3.toFixed(4), r.auc.toFixed(4)],
      three(r.seconds),
    ]),
  );

const sensitivities = (results) =>
  table(
    ['adapter', 'update', 'one record moves the sum by, in C', 'most that is allowed', 'updates'],
    results.flatMap(({ adapter, cells }) =>
      cells.map((c) => [adapter, c.name, c.moved.toFixed(6), c.limit.toFixed(6), c.updates]),
    ),
  );

/** Every file of bench/results, a heading each. */
function measured() {
  const folder = join(root, 'bench', 'results');
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const { adapter, versions, results } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const { date, node, ...others } = versions;
      const kit = [`Node ${node}`, ...Object.entries(others).map(([name, version]) => `${name} ${version}`)];
      const suites = [...new Set(results.map(({ suite }) => suite).filter(Boolean))].map((suite) => {
        const own = results.filter((r) => r.suite === suite);
        return `**${suite}**\n\n${own.every((r) => r.gflops) ? rates(own) : times(own)}`;
      });
      const audits = [
        [results.filter((r) => r.claims), claims],
        [results.filter((r) => r.tv2), qualities],
        [results.filter((r) => r.cells), sensitivities],
      ].flatMap(([list, show]) => (list.length ? [show(list)] : []));
      return [`### ${file}`, `${date}: ${adapter}, ${kit.join(', ')}.`, ...suites, ...audits].join('\n\n');
    })
    .join('\n\n');
}

/** What each entry of the package exports, by the room that it comes from. */
function entries() {
  const { name: self, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, target]) => target.types)
    .map(([path, { types }]) => {
      const text = readFileSync(join(root, types.replace('./dist/lib/', 'src/').replace('.d.ts', '.ts')), 'utf8');
      const comment = /\/\*\*\s*(.*?)\s*\*\//s.exec(text)?.[1] ?? '';
      const doc = comment
        .replace(/\s*\n \* ?|^\* /g, ' ')
        .trim()
        .replace(/^`\S+`: (.)/, (_, c) => c.toUpperCase());
      const rooms = new Map();
      for (const [, names, from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)) {
        const room = from.startsWith('../') ? from.split('/')[1] : 'api';
        const list = names.split(',').map((n) => n.replace(/^\s*type /, '').trim());
        rooms.set(room, [...(rooms.get(room) ?? []), ...list.filter(Boolean)]);
      }
      const all = [...text.matchAll(/^export \* from '\.\/(\w+)\.ts'/gm)].map(([, n]) =>
        n === 'index' ? code(self) : code(`${self}/${n}`),
      );
      const own = [...text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map(([, n]) => n);
      const rows = [...rooms, ...(own.length ? [['api', own]] : [])].map(([room, list]) => [
        room,
        list
          .sort((a, b) => a.localeCompare(b))
          .map(code)
          .join(' '),
      ]);
      const also = all.length ? `\n\nIt also has all of ${all.join(', ')}.` : '';
      return `## ${code(path.replace('.', self))}\n\n${doc}${also}\n\n${table(['room', 'exports'], rows)}`;
    })
    .join('\n\n');
}

/** By name: `(rows) => Markdown`. */
export const tables = {
  verbs: ({ verbs }) => named(verbs, ['verb', 'what it does'], ({ summary }) => [summary]),
  rooms: ({ ROOMS }) =>
    named(ROOMS, ['room', 'holds', 'may import'], ({ holds, imports }) => [holds, imports.join(', ') || '-']),
  systems: ({ systems }) =>
    named(systems, ['system', 'called', 'what it is', 'critics', 'guarantee'], (s) => [
      ...[s.title, s.summary, s.critics, s.private ? 'differential privacy' : 'none'],
    ]),
  divergences: ({ divergences }) =>
    named(divergences, ['divergence', 'called', 'what it is', "a critic's output", 'unit of losses'], (d) => [
      ...[d.title, d.summary, d.output, d.unit],
    ]),
  networks: ({ networks }) => named(networks, ['network', 'what it is'], ({ summary }) => [summary]),
  'config-gan': ({ ganConfig }) => fields(ganConfig),
  'config-fit': ({ fitConfig }) => fields(fitConfig),
  'config-features': ({ featuresConfig }) => fields(featuresConfig),
  'config-private': ({ privateConfig, ganConfig }) => fields(privateConfig, ganConfig.shape),
  attacks: ({ attacks }) =>
    named(attacks, ['attack', 'called', 'family', 'runs'], ({ title, family, slow }) => [
      ...[title, family, slow ? 'where it is named: it is slow' : 'unless others are named'],
    ]),
  readings: ({ readings }) =>
    named(Object.fromEntries(readings), ['reading', 'called', 'score'], ({ title, score }) => [
      title,
      score.replace(/^Score: /, ''),
    ]),
  measures: ({ measures }) =>
    named(measures, ['measure', 'called', 'unit', 'ideal', 'meaning'], (m) => [m.title, m.unit, m.ideal, m.meaning]),
  formats: ({ formats }) =>
    named(formats, ['format', 'what it is', 'options of its own'], ({ title, options }) => [
      ...[title, options.map(code).join(' ')],
    ]),
  presets: ({ presets, presetNotes }) => presetTables(presets, presetNotes),
  'experiment-presets': ({ experimentPresets }) =>
    named(experimentPresets, ['preset', 'data', 'seeds'], ({ data, seeds }) => [data, seeds]),
  entries,
  bench: measured,
};
