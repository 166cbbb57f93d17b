/** The page's side of suite.test.ts: the numbers on navigator.gpu. */
import { Gpu } from '../../src/api/index.ts';
import { runNumbers } from './suite-numbers.ts';

window.numbers = await runNumbers(() => Gpu.open(navigator.gpu));
