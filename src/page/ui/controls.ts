/** Controls of forms: radio cards, short rows of radios, numbers with bounds. */
import { type Child, h, newId } from './dom.ts';

/** What files of tables are called. */
export const TABLES = '.csv,.tsv,.txt,text/csv';

/** A hidden field for one file, which a label opens. @param accept as HTML has it */
export function fileInput(id: string, accept: string, chosen: (file: File) => void): HTMLInputElement {
  const input = h('input.hidden', { type: 'file', id, accept });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    // The same file may be chosen again.
    input.value = '';
    if (file) chosen(file);
  });
  return input;
}

export interface Option<T> {
  readonly value: T;
  readonly title: string;
  readonly text?: Child;
  /** a technical name, small */
  readonly name?: string;
}

/** One of some cards (`cards`) or of some short words (`segments`). */
export function radios<T extends string | number>(
  legend: string,
  options: readonly Option<T>[],
  chosen: T,
  changed: (value: T) => void,
  look: 'cards' | 'segments' = 'cards',
): HTMLFieldSetElement {
  const group = newId('group');
  const option = ({ value, title, text, name }: Option<T>) => {
    const input = h('input', {
      type: 'radio',
      name: group,
      id: newId('option'),
      value: String(value),
      checked: value === chosen,
      onchange: () => changed(value),
    });
    return h(
      'label.option',
      { for: input.id },
      input,
      h('strong', title, name ? h('small', name) : null),
      text ? h('span', text) : null,
    );
  };
  return h('fieldset', { class: look }, h('legend', legend), h('div', options.map(option)));
}

export interface NumberOptions {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/**
 * A number that is typed; what is out of range is marked and said, and `changed` is told NaN. `step="any"` spares
 * people the browser's opinion on which numbers are round.
 */
export function numberInput(
  value: number,
  { min, max, whole = false }: NumberOptions,
  changed: (value: number) => void,
): HTMLInputElement {
  const input = h('input', {
    type: 'number',
    inputmode: whole ? 'numeric' : 'decimal',
    step: whole ? 1 : 'any',
    min,
    max,
  });
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
