/** How many records each class has, which the sums of a class are divided by: one row for each way to know it. */

export interface CountsRow {
  readonly name: string;
  readonly summary: string;
  /** what is said before training, of data with classes */
  readonly said: string;
  /** weight of a coordinate of each record that counts it, among its features, whose norm stays 1; 0 without */
  readonly weight: number;
}

const rows = {
  balanced: {
    name: 'balanced',
    summary: 'assumed to be alike',
    said: 'classes are assumed to have equally many records; nothing is paid for that, and it may be wrong',
    weight: 0,
  },
  public: {
    name: 'public',
    summary: 'as the labels have them, which is public then',
    said: 'public, and not paid for: how many records each class has',
    weight: 0,
  },
  paid: {
    name: 'paid',
    summary: 'measured with noise, in the same release and budget',
    said: 'how many records each class has is measured with noise, within the budget',
    weight: 0.1,
  },
} satisfies Record<string, CountsRow>;

export type CountsName = keyof typeof rows;

export const countsRows: Readonly<Record<CountsName, CountsRow>> = rows;

export const countsNames = Object.keys(rows) as CountsName[];
