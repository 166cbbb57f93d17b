/** Generated records as people look at them: rows as a table, points as a scatter, images side by side. */
import { classColumns, imageGrid } from '../../report/grid.ts';
import type { Samples } from '../protocol.ts';
import { scatter } from '../ui/chart.ts';
import { h } from '../ui/dom.ts';

/** Rows of a table that are shown. */
const ROWS = 6;
/** Images side by side. */
const ACROSS = 10;
/** Columns of a table that are shown. */
const COLUMNS = 30;

export function samplesView(samples: Samples): HTMLElement {
  switch (samples.kind) {
    case 'rows':
      return rowsView(samples);
    case 'points':
      return h('div.chart.square', scatter(samples.xy, samples.columns));
    case 'images':
      return imagesView(samples);
  }
}

function rowsView({ columns, rows }: Extract<Samples, { kind: 'rows' }>): HTMLElement {
  const line = (cells: readonly HTMLElement[]) => h('tr', cells.slice(0, COLUMNS));
  const cell = (text: string) => (text === '' ? h('td.none', 'missing') : h('td', text));
  const table = h(
    'table',
    h('thead', line(columns.map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', ...rows.slice(0, ROWS).map((row) => line(row.map(cell)))),
  );
  const more = columns.length - COLUMNS;
  return h(
    'div',
    // It scrolls sideways, by the keyboard too.
    h('div.wide', { tabindex: 0, role: 'region', 'aria-label': 'Rows' }, table),
    more > 0 && h('p.hint', `and ${more} more columns`),
  );
}

function imagesView({ shape, bytes, classes = [] }: Extract<Samples, { kind: 'images' }>): HTMLElement {
  const [n, ...one] = shape;
  const grouped = classColumns(classes.length);
  const by = grouped ? `a column for each class: ${classes.join(', ')}` : '';
  const { width, height, channels, data } = imageGrid(bytes, one, { scale: 1, columns: grouped ?? ACROSS });
  const label = `${n} images${by && `, ${by}`}`;
  const canvas = h('canvas.pixels', { width, height, role: 'img', 'aria-label': label });
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[channels === 1 ? i : 3 * i + c];
  }
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return grouped ? h('div', canvas, h('p.hint', `There is ${by}.`)) : canvas;
}
