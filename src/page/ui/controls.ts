/** Controls of forms: radio cards, short rows of radios, numbers with bounds. */
import { type Change, type NumberRow, type PlanNumber, planNumbers } from '../fields.ts';
import type { Plan } from '../protocol.ts';
import { field, h, newId } from './dom.ts';

interface FileOptions {
  readonly id?: string;
  readonly look?: 'primary' | 'quiet';
  /** as HTML has it; any file without, as those of images have no endings that all computers know */
  readonly accept?: string;
  readonly multiple?: boolean;
}

/** A button that opens a file, or several: a hidden field, and its label. */
export function fileButton(
  text: string,
  chosen: (files: File[]) => void,
  { id = newId('file'), look = 'primary', accept, multiple }: FileOptions = {},
): HTMLElement[] {
  const input = h('input.hidden', { type: 'file', id, accept, multiple });
  input.addEventListener('change', () => {
    const files = Array.from(input.files ?? []);
    // The same file may be chosen again.
    input.value = '';
    if (files.length > 0) chosen(files);
  });
  return [input, h('label', { for: id, class: `button ${look}` }, text)];
}

/** A box to be ticked, and its label. @param more what only those hear who do not see where it stands */
export function checkbox(text: string, checked: boolean, changed: (on: boolean) => void, more?: string) {
  const box = h('input', { type: 'checkbox', id: newId('box'), checked, onchange: () => changed(box.checked) });
  const label = h('label', { for: box.id }, text, more && h('span.hidden', more));
  return { box, line: h('span.use', box, label) };
}

export interface Option<T> {
  readonly value: T;
  readonly title: string;
  readonly text: string;
  /** a technical name, small */
  readonly name?: string;
}

/** One of some cards (`cards`) or of some short words (`segments`). */
export function radios<T extends string>(
  legend: string,
  options: readonly Option<T>[],
  chosen: T,
  changed: (value: T) => void,
  look: 'cards' | 'segments' = 'cards',
): HTMLFieldSetElement {
  const group = newId('group');
  const option = ({ value, title, text, name }: Option<T>) => {
    const own = { id: newId('option'), value, checked: value === chosen, onchange: () => changed(value) };
    const input = h('input', { type: 'radio', name: group, ...own });
    return h('label.option', { for: own.id }, input, h('strong', title, name && h('small', name)), h('span', text));
  };
  return h('fieldset', { class: look }, h('legend', legend), h('div', options.map(option)));
}

/** One of some short words, by what they stand for. */
export const segments = <T extends string>(
  legend: string,
  words: Readonly<Record<T, readonly [title: string, text: string]>>,
  chosen: T,
  changed: (value: T) => void,
): HTMLFieldSetElement => {
  const options = Object.entries<readonly [string, string]>(words);
  const rows = options.map(([value, [title, text]]) => ({ value: value as T, title, text }));
  return radios(legend, rows, chosen, changed, 'segments');
};

type Bounds = Pick<NumberRow, 'min' | 'max' | 'whole'>;

/**
 * A number that is typed; what is out of range is marked and said, and `changed` is told NaN. `step="any"` spares
 * people the browser's opinion on which numbers are round.
 */
export function numberInput(
  value: number,
  { min, max, whole = false }: Bounds,
  changed: (value: number) => void,
): HTMLInputElement {
  const looks = whole ? { inputmode: 'numeric', step: 1 } : { inputmode: 'decimal', step: 'any' };
  const input = h('input', { type: 'number', ...looks, min, max });
  input.value = String(value);
  input.addEventListener('input', () => {
    const given = input.value === '' ? Number.NaN : Number(input.value);
    const fits = given >= min && given <= max && (!whole || Number.isInteger(given));
    const kind = whole ? 'a whole number' : 'a number';
    input.setCustomValidity(fits ? '' : `Give ${kind} from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`);
    input.setAttribute('aria-invalid', String(!fits));
    changed(fits ? given : Number.NaN);
  });
  return input;
}

/** A number of a plan as a field of the form. @param bounds in place of its own */
export function numberField(
  name: PlanNumber,
  plan: Plan,
  change: Change,
  hint: string,
  bounds: Partial<Bounds> = {},
): HTMLElement {
  const { label, light, ...own }: NumberRow = planNumbers[name];
  return field(
    label,
    numberInput(plan[name], { ...own, ...bounds }, (value) => change({ [name]: value }, !light)),
    hint,
  );
}
