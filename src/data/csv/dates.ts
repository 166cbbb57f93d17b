/**
 * Dates as numbers, by the format they are written in. A format has YYYY, MM, DD once each (M and D: without a leading
 * zero), and for a time of day HH (or H), MM, perhaps SS and a fraction `fff`; all else stands for itself:
 * `YYYY-MM-DD`, `D.M.YYYY`, `MM/DD/YYYY HH:MM`, `YYYY-MM-DDTHH:MM:SS.fffZ`. Times are taken as UTC. Browser-safe.
 */

const FIELDS = ['YYYY', 'MM', 'DD', 'HH', 'mm', 'SS', 'f'] as const;
type Field = (typeof FIELDS)[number];

interface Part {
  /** absent for text that stands for itself */
  readonly field?: Field;
  readonly text: string;
}

interface Pattern {
  readonly parts: readonly Part[];
  readonly regex: RegExp;
  /** fields in the order of the groups of `regex` */
  readonly fields: readonly Field[];
  readonly time: boolean;
}

const TOKEN = /YYYY|MM|M|DD|D|HH|H|SS|f+/g;
const DAY = 86_400;

function partsOf(format: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let hours = false;
  for (const { 0: text, index } of format.matchAll(TOKEN)) {
    if (index > at) parts.push({ text: format.slice(at, index) });
    at = index + text.length;
    if (text[0] === 'H') hours = true;
    const field = text === 'MM' && hours ? 'mm' : text[0] === 'f' ? 'f' : text.length === 1 ? text + text : text;
    parts.push({ field: field as Field, text });
  }
  if (at < format.length) parts.push({ text: format.slice(at) });
  return parts;
}

const patterns = new Map<string, Pattern>();

function patternOf(format: string): Pattern {
  const known = patterns.get(format);
  if (known) return known;
  const parts = partsOf(format);
  const source = parts.map(({ field, text }) => {
    if (!field) return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    return text.length === 1 && field !== 'f' ? '(\\d{1,2})' : `(\\d{${text.length}})`;
  });
  const fields = parts.flatMap(({ field }) => field ?? []);
  const pattern = { parts, regex: new RegExp(`^${source.join('')}$`), fields, time: fields.includes('HH') };
  patterns.set(format, pattern);
  return pattern;
}

/** Whether a format is one: a year, a month and a day once each, and a time with hours and minutes or none. */
export function isDateFormat(format: string): boolean {
  const fields = partsOf(format).flatMap(({ field }) => field ?? []);
  const has = (field: Field) => fields.includes(field);
  const once = new Set(fields).size === fields.length;
  const nested = has('HH') === has('mm') && (has('HH') || !has('SS')) && (has('SS') || !has('f'));
  return once && nested && has('YYYY') && has('MM') && has('DD');
}

/** Whether cells of this format are seconds, not days. */
export const hasTime = (format: string): boolean => patternOf(format).time;

/** Days since 1970-01-01 of a day of the Gregorian calendar, NaN where there is no such day. */
function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for those of the twentieth century.
  date.setUTCFullYear(year, month - 1, day);
  const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0;
  return same ? date.getTime() / (1000 * DAY) : Number.NaN;
}

/** Days since 1970-01-01, or seconds where the format has a time; NaN for a text that is no date of this format. */
export function parseDate(text: string, format: string): number {
  const { regex, fields, time } = patternOf(format);
  const match = regex.exec(text);
  if (!match) return Number.NaN;
  const of = (field: Field) => {
    const at = fields.indexOf(field);
    return at < 0 ? 0 : Number(field === 'f' ? `0.${match[at + 1]}` : match[at + 1]);
  };
  const days = dayNumber(of('YYYY'), of('MM'), of('DD'));
  if (!time) return days;
  const [hours, minutes, seconds] = [of('HH'), of('mm'), of('SS')];
  if (hours > 23 || minutes > 59 || seconds > 59) return Number.NaN;
  return days * DAY + hours * 3600 + minutes * 60 + seconds + of('f');
}

const FIRST = dayNumber(1, 1, 1);
const LAST = dayNumber(9999, 12, 31);

/**
 * A number of days, or of seconds where the format has a time, as text: rounded to what the format shows and moved into
 * the years 1 to 9999. NaN gives an empty text.
 */
export function formatDate(value: number, format: string): string {
  if (Number.isNaN(value)) return '';
  const { parts, fields, time } = patternOf(format);
  const digits = parts.find(({ field }) => field === 'f')?.text.length ?? 0;
  // In units of the last thing shown, so that 23:59:59.7 rounds to the next day.
  const unit = !time ? DAY : fields.includes('SS') ? 10 ** -digits : 60;
  const perDay = Math.round(DAY / unit);
  const units = Math.round(time ? (unit < 1 ? value * 10 ** digits : value / unit) : value);
  const held = Math.min(Math.max(units, FIRST * perDay), (LAST + 1) * perDay - 1);
  const days = Math.floor(held / perDay);
  const rest = held - days * perDay;
  const seconds = unit < 1 ? Math.floor(rest / 10 ** digits) : rest * unit;
  const date = new Date(days * DAY * 1000);
  const values: Record<Field, number> = {
    YYYY: date.getUTCFullYear(),
    MM: date.getUTCMonth() + 1,
    DD: date.getUTCDate(),
    HH: Math.floor(seconds / 3600),
    mm: Math.floor(seconds / 60) % 60,
    SS: seconds % 60,
    f: unit < 1 ? rest % 10 ** digits : 0,
  };
  return parts.map(({ field, text }) => (field ? String(values[field]).padStart(text.length, '0') : text)).join('');
}

const CLOCK = String.raw`(?:([T ])(\d{1,2}):\d{2}(:\d{2}(?:\.(\d{1,6}))?)?(Z|\+00:?00)?)?$`;
const YEAR_FIRST = new RegExp(String.raw`^\d{4}([-/.])(\d{1,2})\1(\d{1,2})${CLOCK}`);
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2\d{4}${CLOCK}`);

/**
 * The formats in which a text is a date, best first: leading zeros before none, and where month and day cannot be told
 * apart the month first. None for a text that is no date.
 */
export function dateFormats(text: string): string[] {
  const found = YEAR_FIRST.exec(text) ?? YEAR_LAST.exec(text);
  if (!found) return [];
  const first = /^\d{4}/.test(text);
  const mark = found[first ? 1 : 2];
  const [letter, hours, seconds, fraction, zone] = found.slice(4);
  const orders = first ? ['YYYY MM DD'] : mark === '.' ? ['DD MM YYYY'] : ['MM DD YYYY', 'DD MM YYYY'];
  const clocks = letter
    ? ['HH', 'H'].map((h) => {
        const second = seconds ? `:SS${fraction ? `.${'f'.repeat(fraction.length)}` : ''}` : '';
        return `${letter}${h}:MM${second}${zone ?? ''}`;
      })
    : [''];
  const unpadded = (order: string) => order.replace('MM', 'M').replace('DD', 'D');
  const formats = [(order: string) => order, unpadded].flatMap((padding) =>
    orders.flatMap((order) => clocks.map((clock) => padding(order).replaceAll(' ', mark) + clock)),
  );
  return formats.filter(
    (format) => (hours?.length !== 1 || !format.includes('HH')) && !Number.isNaN(parseDate(text, format)),
  );
}
