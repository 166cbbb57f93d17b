/** The style sheet of a report: light and dark, a phone's width, paper. Charts are drawn light and recoloured here. */
import { COLOURS, DARK_HEAT, GRID, HEAT, SOFT } from './charts/theme.ts';

/** What the colours of a chart become on a dark page; the data colours keep their order and are told apart as well. */
const DARK: readonly (readonly [light: string, dark: string])[] = [
  ['white', '#202024'],
  [COLOURS.ink, '#ececef'],
  [SOFT, '#a9a9b2'],
  [GRID.line, '#36363c'],
  [GRID.frame, '#4a4a52'],
  [COLOURS.blue, '#56b4e9'],
  [COLOURS.orange, '#ff8f4a'],
  [COLOURS.green, '#35c79b'],
  ...HEAT.map((light, i) => [light, DARK_HEAT[i]] as const),
];

const recoloured = DARK.flatMap(([light, dark]) =>
  ['fill', 'stroke'].map((paint) => `  figure svg [${paint}="${light}"] { ${paint}: ${dark}; }`),
).join('\n');

export const STYLE = `
:root { --ink: #1d1d1f; --soft: #55555c; --page: #fdfdfc; --line: #d8d8dc; --tint: #f4f4f2; --chart: white;
  --bad: #b3001b; --bad-page: #fdecee; --good: #00684b; --care: #7a4b00; --care-page: #fff6e5;
  --owner: #5b3a8c; --owner-page: #f6f1fd; --made: ${COLOURS.blue}; --real: #c3c3c9; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #ececef; --soft: #a9a9b2; --page: #17171a; --line: #3a3a40; --tint: #222226; --chart: #202024;
    --bad: #ff8a94; --bad-page: #3b161b; --good: #4fd0a5; --care: #f2bf66; --care-page: #33270f;
    --owner: #c4a6f5; --owner-page: #251d33; --made: #56b4e9; --real: #5d5d66; }
${recoloured}
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 860px; margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
h4 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
.wide { overflow-x: auto; margin: .8rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.caption { color: var(--soft); font-size: .88rem; margin-top: .2rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th, thead td { border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; position: sticky; left: 0; background: var(--page); min-width: 6rem; }
td { overflow-wrap: anywhere; min-width: 5.5rem; }
small { display: block; color: var(--soft); font-size: .82rem; font-weight: 400; }
.bars { display: block; border-bottom: 1px solid var(--soft); }
.bars .real { fill: var(--real); }
.bars .made { fill: var(--made); }
.bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
dl { margin: .8rem 0; }
dl > div { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: 0 1rem; margin-bottom: .4rem; }
dl.dense { columns: 20rem; column-gap: 2.5rem; }
dl.dense > div { grid-template-columns: 1fr 1fr; break-inside: avoid; border-bottom: 1px solid var(--line);
  padding: .2rem 0; margin: 0; }
dl.dense dt { font-weight: 500; }
dl.dense dd { overflow-wrap: anywhere; }
dt { font-weight: 600; }
dd { margin: 0; color: var(--soft); }
ul { padding-left: 1.2rem; }
li { margin: .35rem 0; }
figure { margin: 1.2rem 0; }
figure > div { background: var(--chart); border: 1px solid var(--line); border-radius: 8px; padding: .3rem; }
figure .wide { margin: 0; }
figure .wide svg { min-width: 34rem; }
figure svg { display: block; width: 100%; height: auto; margin: 0 auto; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .88rem; padding-top: .4rem; }
.warning { background: var(--bad-page); color: var(--bad); border-left: 4px solid var(--bad); padding: .7rem 1rem; }
.panel { --page: var(--tint); border-left: 5px solid var(--good); background: var(--page); padding: .2rem 1.1rem .5rem; margin: 1.6rem 0;
  border-radius: 0 8px 8px 0; }
.panel > h2, .panel > h3 { margin-top: .9rem; }
.panel.care { border-color: var(--care); --page: var(--care-page); }
.panel.care > h2, .panel.care > h3 { color: var(--care); }
.panel.bad { border-color: var(--bad); --page: var(--bad-page); color: inherit; font-weight: inherit; }
.panel.bad > h2, .panel.bad > h3 { color: var(--bad); }
.panel.owner { border: 2px dashed var(--owner); --page: var(--owner-page); border-radius: 8px; margin-top: 3rem; }
.panel.owner > h2, .panel.owner > h3 { color: var(--owner); }
@media (max-width: 600px) {
  main { padding-top: 1rem; }
  h1 { font-size: 1.4rem; }
  dl:not(.dense) > div { grid-template-columns: 1fr; margin-bottom: .6rem; }
  th, td { padding-right: .7rem; }
  .panel { padding: .2rem .8rem .5rem; }
}
@media print {
  :root { --page: white; }
  body { background: white; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  figure svg { max-width: 12cm !important; }
  figure .wide svg { min-width: 0; max-width: none !important; }
  tbody th { position: static; }
  .wide { overflow: visible; }
  figure, tr, dt, .warning { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .panel.owner { break-before: page; }
}
`;
