/** Small helpers for making elements; no framework. */

type Attribute = string | number | boolean | undefined | ((event: never) => void);
type Attributes = Readonly<Record<string, Attribute>>;
export type Child = Node | string | undefined | null | false;
type Children = readonly (Child | readonly Child[])[];
type Tag = keyof HTMLElementTagNameMap;

/**
 * An element: a tag with classes (`p.hint`), attributes if any, children. `true` sets an attribute without a value,
 * `false` and `undefined` leave it away, a function under `onNAME` listens, `value` and `checked` are properties.
 */
export function h<T extends Tag>(tag: T | `${T}.${string}`, ...rest: Children | [Attributes, ...Children]) {
  const [name, ...classes] = tag.split('.') as [T, ...string[]];
  const element = document.createElement(name);
  element.classList.add(...classes);
  const [attributes, children] = isAttributes(rest[0]) ? [rest[0], rest.slice(1)] : [{}, rest];
  put(element, ...(children as Children));
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key.slice(2), value as (event: Event) => void);
    else if (key === 'value' || key === 'checked') Object.assign(element, { [key]: value });
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : String(value));
  }
  return element;
}

const isAttributes = (first: Attributes | Children[number]): first is Attributes =>
  Boolean(first) && Object.getPrototypeOf(first) === Object.prototype;

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
export function put(element: Element, ...children: Children): void {
  element.replaceChildren(
    ...(children.flat() as Child[]).filter((child): child is Node | string => Boolean(child) || child === ''),
  );
}

let ids = 0;
/** An id that no other element has. */
export const newId = (name: string): string => `${name}-${++ids}`;

/** A technical word's explanation, folded away where the word stands; texts are paragraphs. */
export const explain = (summary: string, ...children: readonly (Node | string)[]): HTMLDetailsElement => {
  const parts = children.map((child) => (typeof child === 'string' ? h('p', child) : child));
  return h('details.explain', h('summary', summary), h('div', parts));
};

/** A label above its control, and a short line under it that describes it. */
export function field(label: string, control: HTMLElement, hint?: Child): HTMLElement {
  control.id ||= newId('field');
  const described = hint ? h('p.hint', { id: `${control.id}-hint` }, hint) : null;
  if (described) control.setAttribute('aria-describedby', described.id);
  return h('div.field', h('label', { for: control.id }, label), control, described);
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
      h('div.buttons', h('button.primary', { value: 'yes' }, yes), h('button', { value: 'no' }, no)),
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
