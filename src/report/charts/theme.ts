/** How our charts look: one font, few lines, colours that people with any colour vision tell apart. */
import type { Config } from 'vega-lite';

export const FONT = 'DejaVu Sans';

/** From Okabe and Ito, "Color Universal Design" (2008); grey is for what is only the background of a comparison. */
export const COLOURS = {
  blue: '#0072b2',
  orange: '#d55e00',
  green: '#009e73',
  purple: '#cc79a7',
  yellow: '#e69f00',
  grey: '#9a9a9a',
  ink: '#222222',
} as const;

/** Of series that stand side by side, in order. */
export const PALETTE = [COLOURS.blue, COLOURS.orange, COLOURS.green, COLOURS.purple, COLOURS.yellow, COLOURS.grey];

/** From nothing to much, seven steps of lightness, which print and any colour vision keep (ColorBrewer's Blues). */
export const HEAT = ['#eff3ff', '#d0e1f2', '#a6cbe3', '#6baed6', '#3f8fc5', '#1c6aaf', '#08407f'] as const;
/** The same on a dark page, where much is light. */
export const DARK_HEAT = ['#262b33', '#24384d', '#24506f', '#2a6c96', '#3f8fc5', '#7dbbe6', '#d5ecff'] as const;

const INK = COLOURS.ink;
/** Axis lines and second lines of titles. */
export const SOFT = '#666666';
/** Behind the data. */
export const GRID = { line: '#ececec', frame: '#cccccc' } as const;

/** The Vega-Lite configuration of every chart. Made anew each time: Vega-Lite writes into what it is given. */
export function config(): Config {
  return {
    background: 'white',
    font: `${FONT}, Verdana, sans-serif`,
    padding: 12,
    view: { stroke: GRID.frame },
    title: {
      anchor: 'start',
      fontSize: 16,
      fontWeight: 'bold',
      color: INK,
      offset: 10,
      subtitleColor: SOFT,
      subtitleFontSize: 12,
    },
    axis: {
      labelFontSize: 13,
      titleFontSize: 14,
      titleFontWeight: 'normal',
      titlePadding: 8,
      labelColor: INK,
      titleColor: INK,
      gridColor: GRID.line,
      domainColor: SOFT,
      tickColor: SOFT,
      labelFlush: false,
    },
    legend: {
      labelFontSize: 13,
      titleFontSize: 13,
      labelColor: INK,
      titleColor: INK,
      symbolSize: 120,
      labelLimit: 400,
    },
  };
}
