/** The page's worker: reads files and trains, so that the page itself stays free to answer. */
import '../../base/schema.ts';
import '../../ops/install.ts';
import type { Asked, CallName, Calls, News, Told } from '../protocol.ts';
import { troubleOf } from '../trouble.ts';
import { worthAt } from './config.ts';
import { Products } from './products.ts';
import { Shelf } from './shelf.ts';
import { Speed } from './speed.ts';
import { Training } from './training.ts';

const tell = (told: Told): void => postMessage(told);
const say = (news: News): void => tell(news);

const shelf = new Shelf();
const training = new Training(shelf, say);
const speed = new Speed();
const products = new Products(training);
/** At most so often is told how far reading has come, in milliseconds. */
const OFTEN = 100;
let told = 0;

function onProgress(bytes: number, of: number): void {
  if (performance.now() < told + OFTEN && bytes < of) return;
  told = performance.now();
  say({ news: 'reading', bytes, of });
}

type Handler<Takes, Gives> = [Gives] extends [undefined]
  ? (takes: Takes) => void
  : (takes: Takes) => Gives | Promise<Gives>;

const calls: { [C in CallName]: Handler<Calls[C]['takes'], Calls[C]['gives']> } = {
  adapter: async () => (await training.gpu()).adapter,
  open: (source) => shelf.open(source, onProgress),
  cancel: () => shelf.cancel(),
  look: ({ name, kind }) => shelf.look(name, kind),
  choose: (choice) => shelf.choose(choice, onProgress),
  worth: (plan) => worthAt(plan, shelf.records(plan)),
  speed: async (plan) => speed.of(plan, shelf.records(plan), await training.gpu()),
  start: async (plan) => {
    await speed.rest();
    return training.start(plan);
  },
  reopen: ({ run, plan }) => training.reopen(run, plan),
  forget: ({ run }) => training.forget(run),
  stop: () => training.stop(),
  resume: ({ steps }) => training.resume(steps),
  watch: (on) => training.watch(on),
  csv: ({ rows }) => products.csv(rows),
  npy: ({ rows }) => products.npy(rows),
  labels: ({ rows }) => products.labels(rows),
  picture: ({ rows }) => products.picture(rows),
  model: () => products.model(),
  report: ({ diagnostics }) => products.report(diagnostics),
};

addEventListener('message', async ({ data: { id, call, takes } }: MessageEvent<Asked>) => {
  try {
    tell({ id, gives: await (calls[call] as (takes: unknown) => unknown)(takes) });
  } catch (error) {
    tell({ id, trouble: troubleOf(error) });
  }
});
