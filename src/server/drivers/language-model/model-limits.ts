export interface ModelLimits {
  readonly contextTokens: number;
  readonly maxReplyTokens: number;
  /** It always thinks, and what it thinks counts as reply: some room is added for that. */
  readonly thinks?: true;
}

/** By the beginning of the name; the first that fits. From the providers' model pages, November 2026. */
const FAMILIES: readonly (readonly [RegExp, ModelLimits])[] = [
  [/^gemini-(2\.5|.*flash-lite)/, { contextTokens: 1_048_576, maxReplyTokens: 65_536 }],
  [/^gemini-/, { contextTokens: 1_048_576, maxReplyTokens: 65_536, thinks: true }],
  [/^gpt-(5\.4|5\.5|5\.6|[6-9])/, { contextTokens: 1_050_000, maxReplyTokens: 128_000, thinks: true }],
  [/^gpt-5/, { contextTokens: 400_000, maxReplyTokens: 128_000, thinks: true }],
  [/^gpt-4\.1/, { contextTokens: 1_047_576, maxReplyTokens: 32_768 }],
  [/^(gpt-4o|chatgpt-4o)/, { contextTokens: 128_000, maxReplyTokens: 16_384 }],
  [/^o\d/, { contextTokens: 200_000, maxReplyTokens: 100_000, thinks: true }],
  [
    /^claude-(fable|opus-5|haiku-5|sonnet-5)/,
    { contextTokens: 1_000_000, maxReplyTokens: 128_000, thinks: true },
  ],
  [/^claude-/, { contextTokens: 200_000, maxReplyTokens: 32_000 }],
];
/** What most models that people run themselves offer; `LLM_CONTEXT_TOKENS` tells better. */
const UNKNOWN: ModelLimits = { contextTokens: 8192, maxReplyTokens: 4096 };

/** @param contextTokens what the operator says, which counts more than the table. */
export function limitsOf(model: string, contextTokens?: number): ModelLimits {
  const limits = FAMILIES.find(([name]) => name.test(model))?.[1] ?? UNKNOWN;
  if (contextTokens === undefined) return limits;
  return { ...limits, contextTokens, maxReplyTokens: Math.min(limits.maxReplyTokens, contextTokens >> 1) };
}
