import { createAnthropicModel } from './anthropic.ts';
import { languageModelConformance } from './conformance.ts';

languageModelConformance('Anthropic', { dialect: 'anthropic', make: createAnthropicModel });
