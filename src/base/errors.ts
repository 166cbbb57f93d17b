/**
 * The one error type of the project. A reader learns from it what happened (`message`), what to do
 * (`fix`) and where (`where`: a file with its row, an operation with its shapes, a line of a config).
 */
export type ErrorCode =
  | 'NO_ADAPTER'
  | 'WRONG_ADAPTER'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'OVER_LIMIT'
  | 'VALIDATION'
  | 'SHADER'
  | 'SHAPE'
  | 'NAN'
  | 'USE_AFTER_FREE'
  | 'CAPTURE'
  | 'GRADIENT'
  | 'CONFIG'
  | 'DATA'
  | 'FILE'
  | 'USAGE'
  | 'INTERRUPTED';

export class VeilganError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it, as an imperative sentence; fields of a config stand in backticks. */
  readonly fix: string;
  /** The place: `blobs.csv, row 17, column x`, `matmul [3, 4] x [5, 6]`, `partitions`. */
  readonly where: string;

  constructor(code: ErrorCode, message: string, options: { fix?: string; where?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VeilganError';
    this.code = code;
    this.fix = options.fix ?? '';
    this.where = options.where ?? '';
  }

  /** One line for a terminal: `where: message. Fix.` */
  line(): string {
    const place = this.where && !this.message.includes(this.where) ? `${this.where}: ` : '';
    const stop = (s: string) => (s === '' || /[.!?]$/.test(s) ? s : `${s}.`);
    return [stop(place + this.message), stop(this.fix)].filter(Boolean).join(' ');
  }
}
