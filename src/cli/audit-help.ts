/** What `audit --help` says behind its options. */
import { parts } from '../run/audit/audit.ts';
import { SMALL, SMALL_ROWS } from './audit-config.ts';

/** Lines of at most `width` characters. */
function wrapped(text: string, indent: string, width = 118): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines[lines.length - 1].length + word.length + 1 > width - indent.length) lines.push('');
    lines[lines.length - 1] += `${lines[lines.length - 1] ? ' ' : ''}${word}`;
  }
  return lines.map((line) => indent + line).join('\n');
}

const LIST = parts.map(({ name, title, proves }) => `  ${name}: ${title}\n${wrapped(proves, '    ')}`).join('\n');

export const HELP = `
What it does: makes production runs, as any training is made, and compares what they do with what their ledgers say.
--parts names some of these; all of them run otherwise:
${LIST}

What the numbers say: beside each stands its ceiling, what an attacker would find who meets nothing but the noise that
is claimed. With the stated confidence the true epsilon is at least epsilon_lower; one correct system in twenty gives a
higher bound than it has at 95 %. That disproves nothing yet: the verdict is over all tests of the call together, which
a correct system fails once in a million calls. Then the exit code is 1: something in the training is broken. Exit
code 0 is no proof that nothing is: it says that these tests, on these records, found nothing.

Without --preset a small setting is audited: --rows ${SMALL_ROWS} (or all) --batch ${SMALL.batch} --noise-multiplier ${SMALL.noiseMultiplier} --critic-steps ${SMALL.criticSteps}
--generator-hidden ${SMALL.generatorHidden} --critic-hidden ${SMALL.criticHidden} --steps ${SMALL.steps}; dp-pargan has 4 partitions and batches of 16.
--claims 1,4,8 finds the noise with which this training would claim each, and tests single updates with it.
--sensitivity prints what one record adds for a few kinds of updates, and nothing else.
An audit of your own data trains on it in every run, which no budget pays for: its output is for the owner alone.
Nothing is written, and no run is read; Ctrl-C leaves nothing behind.

Examples: veilgan audit --quick
          veilgan audit --parts step --claims 1,4,8
          veilgan audit dpgan --data blobs --parts transcript --runs 8`;
