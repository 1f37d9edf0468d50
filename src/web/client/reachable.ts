import { createStore } from './store.ts';

/** Whether the last request got any answer at all. */
export const reachable = createStore(true);
