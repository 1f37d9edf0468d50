import { languageModelConformance } from './conformance.ts';
import { createCompatibleModel } from './openai-compatible.ts';

languageModelConformance('compatible server', { dialect: 'openai', make: createCompatibleModel });
