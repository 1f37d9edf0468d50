/**
 * The k best positions seen, best first; equal scores in the order of position. A binary heap with the
 * weakest at its root: most positions of a search fail the first comparison.
 */
export class TopScores {
  readonly #k: number;
  readonly #scores: Float32Array;
  readonly #positions: Uint32Array;
  #size = 0;

  constructor(k: number) {
    this.#k = k;
    this.#scores = new Float32Array(k);
    this.#positions = new Uint32Array(k);
  }

  /** A score has to exceed this to be taken. */
  get floor(): number {
    return this.#size < this.#k ? 0 : (this.#scores[0] as number);
  }

  /** Positions must come ascending; `score` must exceed `floor`. */
  add(position: number, score: number): void {
    if (this.#size < this.#k) this.#rise(this.#size++, position, score);
    else this.#sink(position, score);
  }

  *descending(): Generator<{ position: number; score: number }> {
    const order = Array.from({ length: this.#size }, (_, i) => i);
    order.sort((a, b) => (this.#weaker(a, b) ? 1 : -1));
    for (const i of order) yield { position: this.#positions[i] as number, score: this.#scores[i] as number };
  }

  #weaker(a: number, b: number): boolean {
    const [x, y] = [this.#scores[a] as number, this.#scores[b] as number];
    return x < y || (x === y && (this.#positions[a] as number) > (this.#positions[b] as number));
  }

  #set(at: number, position: number, score: number): void {
    this.#positions[at] = position;
    this.#scores[at] = score;
  }

  #swap(a: number, b: number): void {
    const [position, score] = [this.#positions[a] as number, this.#scores[a] as number];
    this.#set(a, this.#positions[b] as number, this.#scores[b] as number);
    this.#set(b, position, score);
  }

  #rise(at: number, position: number, score: number): void {
    this.#set(at, position, score);
    for (let child = at; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#weaker(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(position: number, score: number): void {
    this.#set(0, position, score);
    for (let parent = 0; ; ) {
      let child = 2 * parent + 1;
      if (child >= this.#size) return;
      if (child + 1 < this.#size && this.#weaker(child + 1, child)) child++;
      if (!this.#weaker(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }
}
