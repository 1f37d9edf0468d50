import { languageModelConformance } from './conformance.ts';
import { createGeminiModel } from './gemini.ts';

languageModelConformance('Gemini', { dialect: 'gemini', make: createGeminiModel });
