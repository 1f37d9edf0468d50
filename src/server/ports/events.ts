/** Tells other threads and processes that something changed; a lost message costs time, never truth. */
export interface Events {
  publish(topic: Topic, id: string): void;
  subscribe(topic: Topic, listener: (id: string) => void): () => void;
  close(): Promise<void>;
}

/**
 * `task`: a task's progress changed (id = task id). `jobs`: there is work to take. `cancel`: a document's work shall
 * stop. `upload`: a file has begun to arrive, so there will be work (no id).
 */
export type Topic = 'task' | 'jobs' | 'cancel' | 'upload';
