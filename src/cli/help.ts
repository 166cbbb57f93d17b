import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VeilganError } from '../base/errors.ts';
import { packageRoot } from '../run/version.ts';
import { text } from './flags.ts';
import { listing } from './format.ts';
import { type VerbRow, verbs } from './index.ts';
import { verb } from './verb.ts';

/** A chapter of the documentation: a README of the sources, or the list of changes. */
interface Topic {
  readonly name: string;
  readonly path: string;
  readonly title: string;
}

/** Where the chapters lie: the sources, or in an installed package a copy of those folders. */
function folderOf(root: string): string {
  return existsSync(join(root, 'src', 'README.md')) ? root : join(root, 'dist', 'docs');
}

/**
 * Every chapter that is there. A folder's is called by the folder, or by its file where a verb has that name; the one on the
 * sources as a whole is `house`.
 */
export function topics(folder: string = folderOf(packageRoot().directory)): Topic[] {
  const rooms = existsSync(join(folder, 'src')) ? readdirSync(join(folder, 'src')).sort() : [];
  const places: [name: string, file: string][] = [
    ['veilgan', 'README.md'],
    ['house', 'src/README.md'],
    ...rooms.map((room): [string, string] => [room, `src/${room}/README.md`]),
    ['shaders', 'shaders/README.md'],
    ['bench', 'bench/README.md'],
    ['contributing', '.github/CONTRIBUTING.md'],
    ['security', '.github/SECURITY.md'],
    ['changes', '.github/CHANGELOG.md'],
  ];
  return places.flatMap(([name, file]) => {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    const title = /^# (.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? file;
    return [{ name: Object.hasOwn(verbs, name) ? file : name, path, title }];
  });
}

export default verb({
  about: 'Prints what a verb takes, or a chapter of the documentation; without a topic, which there are.',
  args: { topic: text('a verb, or one of the chapters') },
  run: ({ topic }) => {
    const all = topics();
    if (topic === undefined) {
      const rows = Object.entries<VerbRow>(verbs).map(([name, { summary }]) => [name, summary]);
      const chapters = all.map(({ name, title }) => [name, title]);
      return {
        document: { verbs: Object.keys(verbs), topics: all.map(({ name, title }) => ({ name, title })) },
        text: `veilgan help VERB\n${listing(rows)}\n\nveilgan help TOPIC\n${listing(chapters)}`,
      };
    }
    const found = all.find(({ name }) => name === topic);
    if (found) {
      const text = readFileSync(found.path, 'utf8');
      return { document: { topic, text }, text };
    }
    const names = [...Object.keys(verbs), ...all.map(({ name }) => name)];
    throw new VeilganError('USAGE', `there is no topic ${topic}`, {
      where: 'help TOPIC',
      fix: `Did you mean ${nearest(topic, names)}? \`veilgan help\` lists all`,
    });
  },
});

/** The name that takes the fewest changes to become (Levenshtein 1966). */
function nearest(word: string, names: readonly string[]): string {
  const far = (name: string) => {
    let row = Array.from({ length: name.length + 1 }, (_, j) => j);
    [...word].forEach((letter, i) => {
      const next = [i + 1];
      for (let j = 0; j < name.length; j++) {
        next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (letter === name[j] ? 0 : 1)));
      }
      row = next;
    });
    return row[name.length];
  };
  return names.reduce((best, name) => (far(name) < far(best) ? name : best));
}
