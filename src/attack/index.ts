/** The attacks, a row each; a name is what `attack --attacks` takes. How they work and what is measured: README.md here. */
import { dcr } from './dcr.ts';
import { domias } from './domias.ts';
import { ganLeaks, nearestSample } from './gan-leaks.ts';
import { ganLeaksPartial } from './gan-leaks-partial.ts';
import { ganLeaksWhiteBox } from './gan-leaks-white-box.ts';
import { lira } from './lira.ts';
import { loganBlackBox } from './logan-black-box.ts';
import { monteCarlo } from './monte-carlo.ts';
import type { Attack, Reading } from './target.ts';
import { tvd } from './tvd.ts';
import { loganWhiteBox } from './white-box.ts';

export const attacks = {
  'white-box': loganWhiteBox,
  tvd,
  'nearest-sample': nearestSample,
  'gan-leaks': ganLeaks,
  'monte-carlo': monteCarlo,
  dcr,
  domias,
  'gan-leaks-partial': ganLeaksPartial,
  'gan-leaks-white-box': ganLeaksWhiteBox,
  'logan-black-box': loganBlackBox,
  lira,
} satisfies Record<string, Attack>;

export type AttackName = keyof typeof attacks;
export const attackNames = Object.keys(attacks) as AttackName[];
/** Those that run where something is attacked unasked: seconds. */
export const basicAttacks = attackNames.filter((name) => attacks[name].basic);
/** Those that `attack` runs where none is named. */
export const quickAttacks = attackNames.filter((name) => !attacks[name].slow);

const own = ([name, { title, score, family, readings = { [name]: {} } }]: [string, Attack]): [string, Reading][] =>
  Object.entries(readings).map(([key, words]) => [key, { title, score, family, ...words }]);

const calibrated = ([name, { title, score, calibrated }]: [string, Attack]): [string, Reading][] => {
  const family = 'calibration by a reference model';
  const less = 'Less the same of a reference model: records that are easy for any model count less.';
  return calibrated
    ? [[`${name}-calibrated`, { title: `${title}, calibrated`, score: `${score} ${less}`, family }]]
    : [];
};

const rows: readonly [string, Attack][] = Object.entries(attacks);
/** Every number that attacks report, by the name under which it is stored. */
export const readings: ReadonlyMap<string, Reading> = new Map([...rows.flatMap(own), ...rows.flatMap(calibrated)]);

/** Why an attack was not run, if nobody wanted it. */
export const NOT_ASKED = 'not asked for';
export const ONLY_NAMED = 'slow: it runs when named';
