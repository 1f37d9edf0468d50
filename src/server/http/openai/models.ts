import type { Kysely } from 'kysely';
import type { Model } from '../../../contract/openai.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../../ports/schema.ts';
import { findNamed, type NamedCollection, namedCollections } from '../named-collections.ts';

/** To clients of OpenAI's API a collection is a model. Gateways cut off what stands before a colon or slash. */
const PREFIX = 'ka:';
/** Everything that the caller may read. */
const ALL = 'all';
/** The installation's embedder; answers no questions. */
const EMBEDDINGS = 'embeddings';
const RESERVED = [ALL, EMBEDDINGS];
const OWNER = 'knowledge-assistant';

/** @returns `ka:all`, one model for each collection that the caller may read, and `ka:embeddings`. */
export async function listModels(db: Kysely<Database>, userId: string): Promise<Model[]> {
  const named = await namedCollections(db, userId, RESERVED);
  return [allModel, ...named.map(collectionModel), embeddingsModel];
}

/**
 * The model under one of its names: the id that `listModels` shows, or `ka:` and the collection's own id, which
 * stays the same when the collection is renamed.
 *
 * @throws AppError NOT_FOUND, also for collections that the caller may not read.
 */
export async function needModel(db: Kysely<Database>, userId: string, id: string): Promise<Model> {
  const name = withoutPrefix(id);
  if (name === ALL) return allModel;
  if (name === EMBEDDINGS) return embeddingsModel;
  return collectionModel(await needNamed(db, userId, name));
}

/**
 * What a chat model searches.
 *
 * @returns the collection's id, undefined for all that the caller may read.
 * @throws AppError NOT_FOUND
 */
export async function searchedBy(
  db: Kysely<Database>,
  userId: string,
  model: string,
): Promise<string | undefined> {
  const name = withoutPrefix(model);
  if (name === ALL) return undefined;
  return (await needNamed(db, userId, name)).collection.id;
}

/** @throws AppError NOT_FOUND: vectors of one model must not pass for those of another. */
export function needEmbeddingModel(model: string): void {
  if (withoutPrefix(model) !== EMBEDDINGS)
    throw new AppError('NOT_FOUND', `There is no such embedding model: take ${PREFIX}${EMBEDDINGS}.`);
}

async function needNamed(db: Kysely<Database>, userId: string, name: string): Promise<NamedCollection> {
  const found = RESERVED.includes(name)
    ? undefined
    : findNamed(await namedCollections(db, userId, RESERVED), name);
  if (found === undefined)
    throw new AppError('NOT_FOUND', 'There is no such model: /v1/models lists those that there are.');
  return found;
}

const withoutPrefix = (id: string): string => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id);

const modelOf = (name: string, label: string, createdAt = 0): Model => ({
  id: `${PREFIX}${name}`,
  object: 'model',
  created: Math.floor(createdAt / 1000),
  owned_by: OWNER,
  name: label,
});
const allModel = modelOf(ALL, 'All documents');
const embeddingsModel = modelOf(EMBEDDINGS, 'Embeddings');
const collectionModel = ({ slug, collection }: NamedCollection): Model =>
  modelOf(slug, collection.name, Date.parse(collection.createdAt));
