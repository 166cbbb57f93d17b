/**
 * How sums over records are cut, so that the rounding of f32 stays small and known: a record's term is added to at most
 * CHAIN others, that to at most LINKS such chains, that to the segments of CHAIN LINKS records before it.
 * `roundingBound` (privacy/sensitivity.ts) counts by these numbers.
 */

/** Records whose terms are added one after another. */
export const CHAIN = 64;
/** Chains that are added one after another to a segment. */
export const LINKS = 16;
/** Records of a segment; segments are added one after another. */
export const SEGMENT = CHAIN * LINKS;
