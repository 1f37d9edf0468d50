import { BUNDLED_FINGERPRINT } from './drivers/embedder/model-folder.ts';
import type { SettingValues } from './settings.ts';

/** Who makes vectors; threads get it from their process. */
export type EmbeddingConfig = { readonly provider: 'bundled' } | RemoteEmbedding;

export type RemoteEmbedding = (
  | {
      readonly provider: 'gemini' | 'openai';
      readonly apiKey: string;
      /** Undefined: the provider's own. Never ends in a slash. */
      readonly baseUrl: string | undefined;
    }
  | {
      readonly provider: 'openai-compatible';
      readonly apiKey: string | undefined;
      readonly baseUrl: string;
    }
) & {
  readonly model: string;
  readonly dimensions: number;
  /** Whether the provider is told how long vectors shall be, or makes them as long as its model does. */
  readonly sendsDimensions: boolean;
  readonly maxTokens: number;
  /** `provider/model/dimensions`. */
  readonly fingerprint: string;
  /** USD per million tokens by model, before the built-in table. */
  readonly prices: NonNullable<SettingValues['LLM_PRICES']>;
};

/** The installation's vectors are those of a model that the settings do not let us ask any more. */
export interface AwayEmbedding {
  readonly provider: 'away';
  readonly fingerprint: string;
  readonly dimensions: number;
}

export type ServedEmbedding = EmbeddingConfig | AwayEmbedding;

interface KnownModel {
  readonly dimensions: number;
  readonly maxTokens: number;
}

/**
 * What is known of models, by the beginning of their names: the length of vectors that serves well, and how much of a
 * text they read. Gemini's own length of 3,072 takes four times the memory of 768, which Google recommends as well.
 */
const KNOWN: readonly (readonly [RegExp, KnownModel])[] = [
  [/^text-embedding-3-large/, { dimensions: 3072, maxTokens: 8191 }],
  [/^text-embedding-(3-small|ada)/, { dimensions: 1536, maxTokens: 8191 }],
  [/^gemini-embedding/, { dimensions: 768, maxTokens: 2048 }],
  [/nomic-embed-text/, { dimensions: 768, maxTokens: 2048 }],
  [/mxbai-embed-large|bge-large/, { dimensions: 1024, maxTokens: 512 }],
  [/bge-m3/, { dimensions: 1024, maxTokens: 8192 }],
  [/all-minilm/i, { dimensions: 384, maxTokens: 256 }],
];
/** What nearly every model reads. */
const LEAST_TOKENS = 512;

const DEFAULT_MODELS = { gemini: 'gemini-embedding-001', openai: 'text-embedding-3-small' } as const;
const KEYS = { gemini: 'GEMINI_API_KEY', openai: 'OPENAI_API_KEY' } as const;

const knownOf = (model: string): KnownModel | undefined => KNOWN.find(([name]) => name.test(model))?.[1];

const habitsOf = (
  provider: RemoteEmbedding['provider'],
  model: string,
): Pick<RemoteEmbedding, 'sendsDimensions' | 'maxTokens'> => ({
  sendsDimensions: provider === 'gemini' || (provider === 'openai' && model.startsWith('text-embedding-3')),
  maxTokens: knownOf(model)?.maxTokens ?? LEAST_TOKENS,
});

/** Of a language model at the same provider, unless embeddings have an address of their own. */
const baseUrlOf = (v: SettingValues): string | undefined =>
  (v.EMBEDDING_BASE_URL ?? (v.LLM_PROVIDER === v.EMBEDDING_PROVIDER ? v.LLM_BASE_URL : undefined))?.replace(
    /\/+$/,
    '',
  );

/** Sentences for what is missing or contradicts itself. */
export function embeddingContradictions(v: SettingValues): string[] {
  const provider = v.EMBEDDING_PROVIDER;
  const asked = `EMBEDDING_PROVIDER=${provider}`;
  if (provider === 'bundled')
    return (['EMBEDDING_MODEL', 'EMBEDDING_DIMENSIONS', 'EMBEDDING_BASE_URL'] as const)
      .filter((name) => v[name] !== undefined)
      .map((name) => `${name} needs EMBEDDING_PROVIDER: the bundled model has nothing to choose; unset it`);
  if (provider !== 'openai-compatible') {
    const key = KEYS[provider];
    return v[key] === undefined
      ? [`${key} is missing: ${asked} needs it; set it, or EMBEDDING_PROVIDER=bundled`]
      : [];
  }
  const faults: string[] = [];
  if (baseUrlOf(v) === undefined)
    faults.push(`EMBEDDING_BASE_URL is missing: ${asked} needs the address of the server`);
  if (v.EMBEDDING_MODEL === undefined)
    faults.push(`EMBEDDING_MODEL is missing: ${asked} needs the name of a model`);
  else if (v.EMBEDDING_DIMENSIONS === undefined && knownOf(v.EMBEDDING_MODEL) === undefined)
    faults.push(
      `EMBEDDING_DIMENSIONS is missing: nothing is known of ${v.EMBEDDING_MODEL}; set the length of its vectors`,
    );
  return faults;
}

/** @param v free of what `embeddingContradictions` finds. */
export function decideEmbedding(v: SettingValues): EmbeddingConfig {
  const provider = v.EMBEDDING_PROVIDER;
  if (provider === 'bundled') return { provider };
  const model = v.EMBEDDING_MODEL ?? (provider === 'openai-compatible' ? '' : DEFAULT_MODELS[provider]);
  const dimensions = v.EMBEDDING_DIMENSIONS ?? knownOf(model)?.dimensions ?? 0;
  const described = {
    model,
    dimensions,
    ...habitsOf(provider, model),
    fingerprint: `${provider}/${model.replace(/\s/g, '_')}/${dimensions}`,
    prices: v.LLM_PRICES ?? {},
  };
  const baseUrl = baseUrlOf(v);
  return provider === 'openai-compatible'
    ? { provider, apiKey: v.OPENAI_API_KEY, baseUrl: baseUrl ?? '', ...described }
    : { provider, apiKey: v[KEYS[provider]] ?? '', baseUrl, ...described };
}

export const fingerprintOf = (config: ServedEmbedding): string =>
  config.provider === 'bundled' ? BUNDLED_FINGERPRINT : config.fingerprint;

/**
 * The model that made the installation's vectors: what the settings name, or what they named before as long as it can
 * still be asked.
 */
export function embeddingOf(space: string, configured: EmbeddingConfig): ServedEmbedding {
  if (space === fingerprintOf(configured)) return configured;
  if (space === BUNDLED_FINGERPRINT) return { provider: 'bundled' };
  const [, provider, model = '', length] = /^([^/]+)\/(.+)\/(\d+)$/.exec(space) ?? [];
  const dimensions = Number(length ?? 0);
  if (configured.provider !== 'bundled' && configured.provider === provider)
    return { ...configured, model, dimensions, ...habitsOf(configured.provider, model), fingerprint: space };
  return { provider: 'away', fingerprint: space, dimensions };
}
