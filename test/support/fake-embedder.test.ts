import { embedderConformance } from '../../src/server/drivers/embedder/conformance.ts';
import { createFakeEmbedder } from './fake-embedder.ts';

embedderConformance('fake', () => createFakeEmbedder());
