/** Where a contender finds its packages and keeps its files. */
export interface Place {
  readonly folder: string;
  readonly packages: string;
}

/** One way to do a task: it takes the items in, then finds. */
export interface Contender<Task, Item, Query> {
  /** What it is and how it was set up. */
  readonly note: string;
  open(task: Task, place: Place): Promise<OpenContender<Item, Query>>;
}

export interface OpenContender<Item, Query> {
  /** Items come in batches; the first item's number is `first`. */
  add(first: number, items: readonly Item[]): Promise<void>;
  /** Numbers of the items found, best first. */
  find(query: Query): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** What one process found out about one contender. */
export interface Outcome {
  readonly buildMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly cpuMs: number;
  /** Share of what should be found; of embeddings the least cosine with the vectors that they should equal. */
  readonly recall: number;
  /** Of the process with everything in it, and of the same process before. */
  readonly rssBytes: number;
  readonly emptyRssBytes: number;
}
