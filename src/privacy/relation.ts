/** Which two data sets count as neighbours: what a guarantee compares, and so what epsilon is true of. */

export interface RelationRow {
  /** as a table names it */
  readonly title: string;
  /** what two neighbours are, in one sentence */
  readonly sentence: string;
  /** a few words for the end of a line */
  readonly short: string;
  /** how far apart two neighbours' sums of clipped gradients can be, in clip norms, where both take all records */
  readonly factor: 1 | 2;
  /** the two cases between which nobody can tell, to be put behind "two cases:" */
  readonly cases: string;
}

export const RELATIONS = {
  'zero-out': {
    title: 'one record (row), its values replaced by nothing',
    sentence:
      'Two data sets are neighbours where one record of the one is replaced by nothing in the other, while the number of rows stays known.',
    short: 'one record zeroed out, the number of rows public',
    factor: 1,
    cases:
      "with that record's values in the training data or with nothing in their place, the number of rows being known",
  },
  'add-remove': {
    title: 'one record (row), added or removed',
    sentence:
      'Two data sets are neighbours where one has a record more than the other, so that their number of rows is not told.',
    short: 'add/remove of one record',
    factor: 1,
    cases: 'with that record in the training data or without it',
  },
  'replace-one': {
    title: 'one record (row), exchanged for any other',
    sentence: 'Two data sets are neighbours where one record of the one is exchanged for any other record.',
    short: 'one record exchanged for another',
    factor: 2,
    cases: 'with that record or with any other in its place',
  },
} as const satisfies Record<string, RelationRow>;

export type Relation = keyof typeof RELATIONS;

export const RELATION_NAMES = Object.keys(RELATIONS) as [Relation, ...Relation[]];

export const isRelation = (name: string): name is Relation => Object.hasOwn(RELATIONS, name);

/** What a relation is called and means. */
export const relationRow = (relation: Relation): RelationRow => RELATIONS[relation];
