import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VeilganError } from '../base/errors.ts';
import { packageRoot } from '../run/version.ts';
import { text } from './flags.ts';
import { listing } from './format.ts';
import { type VerbRow, verbs } from './index.ts';
import { verb } from './verb.ts';

/** Of a checkout, or of a package, which has a copy of the documents alone. */
function placeOfDocuments(): string {
  const { directory } = packageRoot();
  return existsSync(join(directory, 'src', 'cli')) ? directory : join(directory, 'dist', 'docs');
}

/**
 * The chapters: READMEs, called by their folders, and what lies in .github. One that is called as a verb is goes by its
 * path.
 */
export function topics(root = placeOfDocuments()): { name: string; title: string; text: string }[] {
  const inside = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []);
  const rooms = inside('src').map((room) => `src/${room}`);
  return ['', 'src', ...rooms, 'shaders', 'bench', '.github'].flatMap((folder) =>
    (statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory() ? inside(folder) : [])
      .filter((file) => file.endsWith('.md'))
      .map((file) => {
        const text = readFileSync(join(root, folder, file), 'utf8');
        const name = file === 'README.md' ? basename(folder) || 'veilgan' : basename(file, '.md').toLowerCase();
        const title = /^# (.*)$/m.exec(text)?.[1] ?? '';
        return { name: Object.hasOwn(verbs, name) ? `${folder}/${file}` : name, title, text };
      }),
  );
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
    if (found) return { document: { topic, text: found.text }, text: found.text };
    const names = [...Object.keys(verbs), ...all.map(({ name }) => name)];
    throw new VeilganError('USAGE', `there is no topic ${topic}`, {
      where: 'topic',
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
