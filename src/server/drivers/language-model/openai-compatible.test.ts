import { languageModelConformance } from './conformance.ts';
import { createCompatibleModel } from './openai-compatible.ts';

// servers of this kind only have a list of models, some of them an incomplete one
languageModelConformance('compatible server', {
  dialect: 'openai',
  knowsModels: false,
  make: createCompatibleModel,
});
