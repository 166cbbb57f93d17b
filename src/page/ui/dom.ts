/** Small helpers for making elements; no framework. */

type Attribute = string | number | boolean | undefined | ((event: never) => void);
export type Child = Node | string | undefined | null | false;

/**
 * An element with attributes and children. `true` sets an attribute without a value, `false` and `undefined` leave it
 * away, a function under `onNAME` listens, `value` and `checked` are properties.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  put(element, ...children);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as (event: Event) => void);
    else if (name === 'value' || name === 'checked') Object.assign(element, { [name]: value });
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An element of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag) as SVGElementTagNameMap[K];
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  put(element, ...children);
  return element;
}

/** Replaces what an element holds. */
export function put(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  element.replaceChildren(
    ...(children.flat() as Child[]).filter((child): child is Node | string => Boolean(child) || child === ''),
  );
}

let ids = 0;
/** An id that no other element has. */
export const newId = (name: string): string => `${name}-${++ids}`;

/** A technical word's explanation, folded away where the word stands. */
export const explain = (summary: string, ...children: readonly (Child | readonly Child[])[]): HTMLDetailsElement =>
  h('details', { class: 'explain' }, h('summary', {}, summary), h('div', {}, ...children));

/** A label above its control, and a short line under it that describes it. */
export function field(label: string, control: HTMLElement, hint?: Child): HTMLElement {
  control.id ||= newId('field');
  const described = hint ? h('p', { class: 'hint', id: `${control.id}-hint` }, hint) : null;
  if (described) control.setAttribute('aria-describedby', described.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, described);
}

/** Offers bytes as a file. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  // Safari reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Asks in a box of the page's own; false where it is closed. */
export function confirmed(question: string, yes: string, no = 'Cancel'): Promise<boolean> {
  const title = h('p', { id: newId('question') }, question);
  const box = h(
    'dialog',
    { 'aria-labelledby': title.id },
    h(
      'form',
      { method: 'dialog' },
      title,
      h(
        'div',
        { class: 'buttons' },
        h('button', { value: 'yes', class: 'primary' }, yes),
        h('button', { value: 'no' }, no),
      ),
    ),
  );
  document.body.append(box);
  box.showModal();
  return new Promise((done) => {
    box.addEventListener('close', () => {
      box.remove();
      done(box.returnValue === 'yes');
    });
  });
}

/** `5,000`. */
export const count = (n: number): string => n.toLocaleString('en');

/** `1 row`, `5,000 rows`. */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
