/** A report is a list of typed blocks; this is the one place that turns them into HTML. Browser-safe. */

/** A table cell: text, or a main value with smaller notes under it. */
export type Cell = string | { value: string; notes?: readonly string[]; mark?: 'bad' | 'good' };

export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'warning'; text: string }
  | { kind: 'list'; items: readonly { term: string; text: string }[] }
  | { kind: 'table'; columns: readonly string[]; rows: readonly (readonly Cell[])[]; caption?: string }
  | { kind: 'figure'; svg: string; caption: string };

export interface Report {
  title: string;
  blocks: readonly Block[];
}

/**
 * One self-contained page: no script, no network (a content security policy forbids both), pictures inline. All text is
 * escaped; only the `svg` of a figure is taken as it is and must be our own.
 */
export function renderReport({ title, blocks }: Report): string {
  const body = blocks.map((block, i) => renderBlock(block, i)).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Text for use between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

function renderBlock(block: Block, index: number): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escapeHtml(block.text)}</h2>`;
    case 'paragraph':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'warning':
      return `<p class="warning" role="alert">${escapeHtml(block.text)}</p>`;
    case 'list': {
      const items = block.items.map(({ term, text }) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd>`);
      return `<dl>${items.join('')}</dl>`;
    }
    case 'table': {
      const head = block.columns.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('');
      const rows = block.rows.map((row) => `<tr>${row.map(renderCell).join('')}</tr>`).join('\n');
      const caption = block.caption ? `<caption>${escapeHtml(block.caption)}</caption>` : '';
      return `<div class="wide"><table>${caption}<thead><tr>${head}</tr></thead>\n<tbody>${rows}</tbody></table></div>`;
    }
    case 'figure': {
      const caption = escapeHtml(block.caption);
      const svg = ownIds(block.svg, `f${index}-`);
      return `<figure><div role="img" aria-label="${caption}">${svg}</div><figcaption>${caption}</figcaption></figure>`;
    }
  }
}

/** The first cell of a row names it. */
function renderCell(cell: Cell, column: number): string {
  const { value, notes = [], mark } = typeof cell === 'string' ? { value: cell } : cell;
  const small = notes.map((note) => `<small>${escapeHtml(note)}</small>`).join('');
  const kind = mark ? ` class="${mark}"` : '';
  const text = `${escapeHtml(value)}${small}`;
  return column === 0 ? `<th scope="row"${kind}>${text}</th>` : `<td${kind}>${text}</td>`;
}

/** Pictures on one page share one space of ids: each gets its own prefix. */
function ownIds(svg: string, prefix: string): string {
  return svg
    .replace(/(<[^>]*?\sid=")([^"]+)"/g, (_, before: string, id: string) => `${before}${prefix}${id}"`)
    .replace(/="url\(#([^)]+)\)"/g, (_, id: string) => `="url(#${prefix}${id})"`)
    .replace(/href="#([^"]+)"/g, (_, id: string) => `href="#${prefix}${id}"`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #5c5c63; --page: #fdfdfc; --line: #d8d8dc; --tint: #f3f3f1;
  --bad: #a33b00; --good: #00684b; --alert: #fff1e6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececef; --soft: #a5a5ad; --page: #17171a; --line: #3a3a40; --tint: #222226;
    --bad: #ff9a5c; --good: #4fd0a5; --alert: #3a2313; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; text-align: left; color: var(--soft); font-size: .88rem; padding-top: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; }
td { overflow-wrap: anywhere; }
small { display: block; color: var(--soft); font-size: .8rem; font-weight: 400; }
.bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: .4rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; color: var(--soft); }
figure { margin: 1.2rem 0; }
figure > div { background: white; border: 1px solid var(--line); border-radius: 8px; padding: .3rem; overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .88rem; padding-top: .4rem; }
.warning { background: var(--alert); color: var(--bad); border-left: 4px solid var(--bad); padding: .7rem 1rem; }
@media (max-width: 600px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { body { background: white; } figure, tr { break-inside: avoid; } }
`;
