/** A refusal for people: one line that says what failed and what to do. */
export class SetupError extends Error {}
