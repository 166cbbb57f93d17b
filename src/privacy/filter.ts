export class ZcdpFilter {
  budget: number;
  spent: number;
  constructor(budget: number, spent = 0) {
    this.budget = budget;
    this.spent = spent;
  }
  get left() {
    return this.budget - this.spent;
  }
  admits(rho: number) {
    return this.spent + rho <= this.budget;
  }
  take(rho: number) {
    if (!this.admits(rho)) throw new Error('over');
    this.spent += rho;
  }
}
