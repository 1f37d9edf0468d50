import { fakeEmbedder, inParts, openIngestHouse, plainParser } from '../support/ingest-house.ts';

/** Works on the jobs of the installation in `argv[2]` until it is killed. */
const embedder = fakeEmbedder();
// long enough to be killed in between, short enough for a test
embedder.before = () => new Promise((resolve) => setTimeout(resolve, 2));
// short documents come whole, long ones in parts
const parser = inParts(plainParser(), 6);
const house = await openIngestHouse({ dir: process.argv[2] as string, embedder, parser });
house.run(2, (_job, error) => {
  process.send?.({ fault: String(error) });
});
setInterval(() => {}, 1_000);
process.send?.('working');
