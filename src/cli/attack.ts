import { Command } from 'commander';
import type { AttackResult } from '../attack/result.ts';
import { VeilganError } from '../gpu/errors.ts';
import { classScores } from '../metrics/classes.ts';
import type { Classifier } from '../metrics/classifier.ts';
import { openClassifier } from '../run/classifier.ts';
import { isPrivate } from '../run/private.ts';
import { openTraining, released, type TrainingJob } from '../run/session.ts';
import { ATTACKS, type AttackName, attackRun, qualityOf } from './assess.ts';
import { printJson, table } from './format.ts';
import { type CommonOptions, withDevice, withGpu } from './options.ts';

export function attackCommand(): Command {
  const command = new Command('attack')
    .summary('attack a trained run: who was in the training data?')
    .description('Membership-inference attacks on a run: its training rows against the hold-out rows of its data set.')
    .argument('<run>', 'run directory')
    .option('--attacks <names>', `comma-separated: ${ATTACKS.join(', ')} (default all)`);
  withDiagnostics(command);
  return withDevice(command).action(async (dir: string, flags: CommonOptions & Diagnostics & { attacks?: string }) => {
    const names = (flags.attacks?.split(',') ?? ATTACKS) as AttackName[];
    const unknown = names.find((name) => !ATTACKS.includes(name));
    if (unknown !== undefined) {
      throw new VeilganError('USAGE', `there is no attack ${unknown}`, {
        where: '--attacks',
        fix: `Use some of ${ATTACKS.join(', ')}`,
      });
    }
    await withGpu(flags, async (gpu) => {
      const job = await openTraining(gpu, dir);
      checkDiagnostics(job, flags);
      const result = await attackRun(job, names);
      job.run.writeJson('private/attacks.json', result);
      job.run.close();
      if (flags.json) {
        printJson(result);
        return;
      }
      if (result.attacks.length) process.stdout.write(`${attackTable(result.attacks)}\n`);
      const { tvd } = result;
      if (tvd) {
        const floor = (b: { mean: number; ci95: readonly number[] }) =>
          `floor ${b.mean.toFixed(3)}, 95 % ${b.ci95.map((x) => x.toFixed(3)).join(' to ')}`;
        process.stdout.write(
          `TVD of the score histograms (${tvd.bins} bins): max ${tvd.max.toFixed(3)} (${floor(tvd.floor.max)}), mean ${tvd.mean.toFixed(3)} (${floor(tvd.floor.mean)})\n`,
        );
      }
    });
  });
}

export function attackTable(attacks: readonly AttackResult[]): string {
  const rows = attacks.map((a) => [
    a.name,
    a.accuracy.toFixed(3),
    a.ci95.map((x) => x.toFixed(3)).join(' to '),
    a.chance.toFixed(3),
    a.floor.ci95.map((x) => x.toFixed(3)).join(' to '),
    a.auc.toFixed(3),
    a.tpr_at_fpr['0.01'].toFixed(4),
    a.tpr_at_fpr['0.001'].toFixed(4),
  ]);
  return table(['attack', 'accuracy', '95 %', 'chance', 'shuffled 95 %', 'AUC', 'TPR at 1 % FPR', 'at 0.1 %'], rows);
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .summary("quality of a run's samples")
    .description(
      'Compares samples of a run with the hold-out rows of its data set (the training rows where there are none).',
    )
    .argument('<run>', 'run directory')
    .option('--classifier <run>', 'images: also what this classifier says of them, see `classifier`');
  withDiagnostics(command);
  return withDevice(command).action(
    async (dir: string, flags: CommonOptions & Diagnostics & { classifier?: string }) => {
      await withGpu(flags, async (gpu) => {
        const judge = flags.classifier === undefined ? undefined : openClassifier(gpu, flags.classifier);
        const job = await openTraining(gpu, dir);
        job.run.close();
        checkDiagnostics(job, flags);
        if (judge) checkJudge(judge.classifier, job.data);
        const samples = await job.gan.sample(released(job.data));
        const metrics: Record<string, number | number[] | null> = { ...qualityOf(samples, job) };
        if (judge) {
          const { classifier, accuracy } = judge;
          Object.assign(metrics, classScores(await classifier.predict(samples), classifier.classes), {
            classifier_accuracy: accuracy,
          });
        }
        if (flags.json) {
          printJson({ metrics });
          return;
        }
        const show = (x: number | number[] | null) =>
          [x]
            .flat()
            .map((v) => v?.toFixed(4) ?? '-')
            .join('  ');
        process.stdout.write(
          `${table(
            ['metric', 'value'],
            Object.entries(metrics).map(([name, x]) => [name, show(x)]),
          )}\n`,
        );
      });
    },
  );
}

/** @throws VeilganError USAGE where the classifier was trained on images of another shape */
function checkJudge({ shape }: Classifier, data: { shape: readonly number[]; name: string }): void {
  if (shape.join() === data.shape.join()) return;
  throw new VeilganError('USAGE', `the classifier takes [${shape}], and records of ${data.name} are [${data.shape}]`, {
    where: '--classifier',
    fix: 'Train one on the same kind of images',
  });
}

interface Diagnostics {
  diagnostics?: boolean;
}

const withDiagnostics = (command: Command): Command =>
  command.option('--diagnostics', 'private runs: print what looks at real records, which the guarantee does not cover');

/** @throws VeilganError USAGE where a private run's real records would be looked at unasked */
function checkDiagnostics({ run }: TrainingJob, { diagnostics }: Diagnostics): void {
  if (!isPrivate(run.info.system) || diagnostics) return;
  throw new VeilganError('USAGE', 'this looks at real records, and the run is private: epsilon does not cover it', {
    where: run.dir,
    fix: 'Add --diagnostics to see it as the owner of the data, and keep it to yourself',
  });
}
