import { languageModelConformance } from './conformance.ts';
import { createOpenAiModel } from './openai.ts';

languageModelConformance('OpenAI', { dialect: 'openai', make: createOpenAiModel });
