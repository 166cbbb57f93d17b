/** The worker of session-page.test.ts: trains in a page, and tells what came of it as plain values. */

import type { VeilganError } from '../../src/base/errors.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { keptRuns, OpfsRun, removeRun } from '../../src/page/worker/opfs.ts';
import { PageSession, type SessionOptions } from '../../src/page/worker/session.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import { encodePng } from '../../src/report/png.ts';
import { MemoryRun } from '../../src/run/memory-run.ts';
import type { Spending } from '../../src/run/spend.ts';
import { dpgan, pargan, points } from './session-job.ts';

/** A run as it ends: its files in base64. */
export interface Ended {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly report: string;
  readonly losses: number;
  readonly seconds: number;
}

export interface WorkerReport {
  /** what the content security policy refused */
  readonly refused: readonly string[];
  readonly failed?: string;
  readonly pargan: Ended & {
    readonly loss: readonly string[];
    readonly chunks: readonly number[];
    readonly drawn: number;
  };
  readonly dpgan: Ended & {
    readonly steps: number;
    readonly spent: Spending;
    /** noisy updates by the ledger's lines, in OPFS */
    readonly paid: number;
    /** steps that the kept run had when it was opened again */
    readonly kept: number;
    readonly notices: readonly string[];
  };
  /** error codes: of other rows, of a run that is open already */
  readonly codes: readonly string[];
  /** runs that the browser keeps, before and after they are removed */
  readonly runs: readonly (readonly string[])[];
  /** states that are read: the last of two, the one before a damaged one, one that came after */
  readonly torn: readonly number[];
  readonly png: string;
}

const refused: string[] = [];
self.addEventListener('securitypolicyviolation', (event) => {
  refused.push(`${event.violatedDirective}: ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`);
});

const base64 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return String((error as VeilganError).code ?? error);
  }
  return 'none';
};

let gpu: Gpu | undefined;
const options = (more: Partial<SessionOptions> = {}): SessionOptions => ({
  open: async () => {
    gpu = await Gpu.open(navigator.gpu);
    return gpu;
  },
  ...more,
});

async function ended(session: PageSession, seconds: number, wanted: { diagnostics?: boolean }): Promise<Ended> {
  const report = await session.report(wanted);
  const files = Object.entries(session.run.files()).map(([name, bytes]): [string, string] => [name, base64(bytes)]);
  const losses = session.run.readMetrics().length;
  return { name: session.name, files: Object.fromEntries(files), report, losses, seconds };
}

async function runPargan(): Promise<WorkerReport['pargan']> {
  const [loss, chunks]: [string[], number[]] = [[], []];
  let drawn: Promise<Float32Array> | undefined;
  const session: PageSession = await PageSession.start(
    points(),
    pargan(),
    options({
      checkpointSeconds: 0.2,
      onNotice: (notice) => loss.push(notice),
      onRows: (rows) => {
        const { step } = rows[rows.length - 1];
        chunks.push(rows.length);
        drawn ??= session.sample(10);
        if (step >= 30 && step < 60 && !loss.length) gpu?.device.destroy();
      },
    }),
  );
  const { seconds } = await session.train();
  await session.attack();
  const result = await ended(session, seconds, {});
  await session.close();
  return { ...result, loss, chunks, drawn: (await drawn)?.length ?? 0 };
}

async function runDpgan(codes: string[]): Promise<WorkerReport['dpgan']> {
  const notices: string[] = [];
  const first: PageSession = await PageSession.start(
    points(),
    dpgan(),
    options({
      onRows: (rows) => {
        if (rows[rows.length - 1].step >= 5) first.stop();
      },
    }),
  );
  const { seconds } = await first.train();
  const { name } = first;
  codes.push(await codeOf(PageSession.reopen(name, points(), options({ wait: 100 }))));
  await first.close();
  const [{ state }] = (await keptRuns()).filter((run) => run.name === name);
  const kept = MemoryRun.fromBytes(name, state).readCheckpoint().step;
  const other = points();
  other.train[0] += 1;
  codes.push(await codeOf(PageSession.reopen(name, other, options())));
  const session = await PageSession.reopen(name, points(), options({ onNotice: (notice) => notices.push(notice) }));
  const rest = await session.train();
  const spent = session.spending() as Spending;
  const result = await ended(session, seconds + rest.seconds, { diagnostics: true });
  await session.close();
  // From the file system, not from what the session has of it.
  const files = await OpfsRun.open(name);
  const paid = files ? readLedger(files.ledger).totals()[0].steps : 0;
  files?.close();
  return { ...result, steps: rest.steps, spent, paid, kept, notices };
}

/** Damages the second of two kept states. */
async function tearing(): Promise<number[]> {
  const found: number[] = [];
  const opened = async (damage?: (state: File) => Promise<Uint8Array<ArrayBuffer>>) => {
    if (damage) {
      const root = await navigator.storage.getDirectory();
      const folder = await (await root.getDirectoryHandle('veilgan-runs')).getDirectoryHandle('torn');
      const handle = await folder.getFileHandle('state.0');
      const bytes = await damage(await handle.getFile());
      const to = await handle.createWritable();
      await to.write(bytes);
      await to.close();
    }
    const run = (await OpfsRun.open('torn')) as OpfsRun;
    found.push(run.read()?.[0] ?? 0);
    return run;
  };
  const first = (await OpfsRun.open('torn')) as OpfsRun;
  for (const state of [1, 2]) first.keep(Uint8Array.of(state, 9, 9));
  first.close();
  (await opened()).close();
  // What a crash leaves that came before the number was written.
  const run = await opened(async (state) => new Uint8Array(await state.arrayBuffer()).fill(0, 0, 8));
  run.keep(Uint8Array.of(3));
  run.close();
  const last = await opened();
  last.close();
  await removeRun('torn');
  return found;
}

async function work(): Promise<WorkerReport> {
  const codes: string[] = [];
  const [plain, guarded] = [await runPargan(), await runDpgan(codes)];
  const names = async () => (await keptRuns()).map(({ name }) => name).sort();
  const before = await names();
  for (const name of before) await removeRun(name);
  const data = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
  const png = base64(await encodePng({ width: 4, height: 1, channels: 3, data }));
  return { refused, pargan: plain, dpgan: guarded, codes, runs: [before, await names()], torn: await tearing(), png };
}

work().then(
  (report) => postMessage(report),
  (error: VeilganError) => postMessage({ refused, failed: `${error.code ?? ''} ${error.stack}` }),
);
